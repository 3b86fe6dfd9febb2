"""The whole engine against the scripted AWS, in one process, from a seed.

`run_seed` builds a small world: a few environments, some workers, people who request, approve,
change, cancel, retry and tear down, and a person who works in the AWS account without the portal.
`scheduler.py` lets one of them run at a time. `trouble.py` draws from the seed what goes wrong.
`invariants.py` is asked after every turn, `rest.py` at the end, when the trouble has stopped and
everything must come to rest.

    make simulate SEEDS=1000            # on all cores; prints the seed of a failure
    make simulate SEEDS=1 SEED=4711     # one seed, with its trace

To break it on purpose: `tests/simulation/test_breaking.py`.
"""
