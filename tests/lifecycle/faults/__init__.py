"""What the engine survives: dead and slow workers, bent plans, late calls, refusals and lost answers."""
