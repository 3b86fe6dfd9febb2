"""Code that an environment takes along; nothing ever calls it."""


def handle(_event: object, _context: object) -> dict[str, int]:
    return {"statusCode": 204}
