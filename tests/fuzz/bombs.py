"""Inputs that were made to hurt, by name: deep, long, doubling, backtracking, encoded, empty."""

from __future__ import annotations

from collections.abc import Iterator

from tests.blueprint.conftest import GOOD

MEGABYTE = 1_000_000


def of_hcl() -> Iterator[tuple[str, bytes]]:
    """For whatever reads HCL."""
    for name, sign in (
        ("brackets", b"["),
        ("maps", b"{a="),
        ("parentheses", b"("),
        ("templates", b'"${'),
        ("nots", b"!"),
        ("minus", b"-"),
    ):
        yield f"deep {name}", b"a = " + sign * 50_000
    for name, opening, closing in (("brackets", b"[", b"]"), ("parentheses", b"(", b")")):
        yield f"deep and closed {name}", b"a = " + opening * 20_000 + b"1" + closing * 20_000
    yield "deep blocks", b"a {\n" * 20_000 + b"}\n" * 20_000
    yield "a long sum", b"a = 1" + b" + 1" * 200_000
    yield "a long sum over lines", b"a = (1" + b" +\n1" * 3_000 + b")"
    yield "long conditionals", b"a = " + b"true ? 1 : " * 20_000 + b"1"
    yield "a long chain of getters", b"a = x" + b".x" * 50_000
    yield "a long name", b"a" * MEGABYTE
    yield "a long text", b'a = "' + b"x" * MEGABYTE + b'"'
    yield "a long number", b"a = " + b"9" * MEGABYTE
    yield "many escapes", b'a = "' + b"\\\\" * 100_000 + b'"'
    yield "many open escapes", b'a = "' + b"$${" * 80_000 + b'"'
    yield "many dollars", b'a = "' + b"$" * 200_000 + b'"'
    yield "many templates", b'a = "' + b"${1}" * 60_000 + b'"'
    yield "many arguments", b"".join(b"a%d = 1\n" % number for number in range(20_000))
    yield "many equal arguments", b"a = 1\n" * 30_000
    yield "many blocks", b"a {\n}\n" * 40_000
    yield "many modules", b'module "a" {\n  b = 1\n}\n' * 3_000
    yield "many labels", b'a "b"' + b' "c"' * 50_000 + b" {\n}\n"
    yield "many items", b"a = [" + b"1,\n" * 80_000 + b"]"
    yield "many equal keys", b"a = {" + b"b = 1\n" * 30_000 + b"}"
    yield "an open comment", b"/*" * 120_000
    yield "many comments", b"/**/" * 60_000
    yield "comments of one line", b"# x\n" * 60_000
    yield "blank lines", b"\n" * 250_000
    yield "spaces", b"a = " + b" " * 250_000 + b"1"
    yield "carriage returns", b"a = 1\r" * 40_000
    yield "windows lines", b"a = 1\r\n" * 30_000
    yield "heredocs, one in another", b"a = <<A\n" * 30_000
    yield "heredocs that look alike", b"a = <<A\n" + b" A A\n" * 40_000 + b"A\n"
    yield "many heredocs", b"a = <<A\nx\nA\n" * 10_000
    yield "a heredoc of blank lines", b"a = <<A\n" + b"\n" * 240_000 + b"A\n"
    yield "heredocs without end", b"".join(b"a = <<A%d\n" % number for number in range(20_000))
    yield "a heredoc's mark", b'a = "heredoc:0"\nb = "heredoc:99999999999999999999"\nc = <<E\nx\nE\n'
    yield "for over for", b"a = " + b"[for x in y : " * 20 + b"1" + b"]" * 20
    yield "functions in functions", b"a = " + b"f(" * 20 + b"1" + b")" * 20
    yield "ten megabytes", b"a = 1\n" * (10 * MEGABYTE // 6)
    yield "ten megabytes of nothing", b"\0" * (10 * MEGABYTE)
    yield from of_bytes()


def of_bytes() -> Iterator[tuple[str, bytes]]:
    """For whatever reads bytes."""
    yield "nothing", b""
    yield "a byte order mark", b"\xef\xbb\xbf"
    yield "utf-16", "a = 1".encode("utf-16")
    yield "utf-32", "a = 1".encode("utf-32")
    yield "a surrogate", b'a = "\xed\xa0\x80"'
    yield "an overlong slash", b"a = \xc0\xaf"
    yield "a program", b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 100
    yield "an image", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
    yield "an archive", b"PK\x03\x04" + b"\0" * 1_000
    yield "zeros", b"\0" * 100_000
    yield "terminal codes", b'a = "\x1b[2J\x1b]0;x\x07"'
    yield "right to left", 'a = "\u202egpj.exe"'.encode()
    yield "combining signs", ('a = "' + "e" + "\u0301" * 50_000 + '"').encode()


def of_blueprints() -> Iterator[tuple[str, bytes]]:
    """Right by their grammar, and wrong by what they would come to."""

    def with_(more: str, old: str = "", new: str = "") -> bytes:
        return f"{GOOD.replace(old, new, 1) if old else GOOD}\n{more}".encode()

    doubling = "\n".join(
        f'component "service" "s{number}" {{\n'
        f'  environment = {{ A = "${{component.service.s{number - 1}.environment.A}}${{component.service.s{number - 1}.environment.A}}" }}\n'
        "  image = var.image\n  cpu = 256\n  memory = 512\n}"
        for number in range(1, 60)
    )
    seed = 'component "service" "s0" {\n  environment = { A = "xxxxxxxxxxxxxxxx" }\n  image = "x"\n  cpu = 256\n  memory = 512\n}'
    yield "settings that double", with_(f"{seed}\n{doubling}")
    circle = "\n".join(
        f'component "service" "s{number}" {{\n  image = component.service.s{(number + 1) % 30}.image\n  cpu = 256\n  memory = 512\n}}'
        for number in range(30)
    )
    yield "settings in a circle", with_(circle)
    users = "\n".join(
        f'component "secret" "s{number}" {{\n  generate = ["a"]\n}}\ncomponent "service" "u{number}" {{\n  image = "x"\n  cpu = 256\n'
        f"  memory = 512\n  uses = [component.service.u{(number + 1) % 200}]\n}}"
        for number in range(200)
    )
    yield "users in a circle", with_(users)
    yield "long defaults", with_("", "= 8000", f"= [{', '.join(['8000'] * 900)}]")
    big = "\n".join(
        f'variable "v{n}" {{\n  type = list(string)\n  description = "x"\n  default = size.big\n}}' for n in range(400)
    )
    text = GOOD
    for old in ("keep  = false", "keep  = true", "keep     = true"):
        text = text.replace(old, f"{old}\n  big = [{', '.join([chr(34) + 'x' * 900 + chr(34)])}]")
    yield "defaults that copy a size's setting", f"{text}\n{big}".encode()
    for name, pattern in (
        ("nested stars", "(a*)*b"), ("alternatives", "(a|a|a)*b"), ("a large count", "(a{1000}){1000}"), ("back-reference", "(a)\\\\1"),
        ("look-ahead", "(?=a)a"), ("many groups", "(" * 200 + ")" * 200), ("classes", "[\\\\w\\\\W]{500}"),
    ):  # fmt: skip
        rule = f'\n  validation {{\n    pattern = "{pattern}"\n    message = "is odd"\n  }}'
        yield (
            f"a pattern with {name}",
            with_("", 'example     = "public.ecr.aws/notes:1"', f'example     = "{"a" * 900}"{rule}'),
        )
    yield (
        "many variables",
        with_(
            "\n".join(
                f'variable "v{n}" {{\n  type = string\n  description = "x"\n  default = "x"\n}}' for n in range(500)
            )
        ),
    )
    yield (
        "many services",
        with_(
            "\n".join(
                f'component "service" "x{n}" {{\n  image = "x"\n  cpu = 256\n  memory = 512\n}}' for n in range(350)
            )
        ),
    )
    yield "a name for every problem", with_("\n".join(f'x{n} "a" {{\n}}' for n in range(2_000)))
    for path in ("../../etc/passwd", "/etc/passwd", "..", "blueprint.hcl/../..", "\\u0000", "code"):
        yield f"a folder named {path}", with_(f'component "function" "f" {{\n  code = "{path}"\n  handler = "a.b"\n}}')
        yield f"a template named {path}", with_(f'component "cloudformation" "t" {{\n  template = "{path}"\n}}')


def of_json() -> Iterator[tuple[str, bytes]]:
    yield "deep lists", b'{"a": ' + b"[" * 100_000
    yield "deep objects", b'{"a": ' * 40_000 + b"1" + b"}" * 40_000
    yield "deep modules", b'{"module": {"a": ' * 20_000
    yield "a long number", b'{"a": ' + b"9" * 200_000 + b"}"
    yield "a large exponent", b'{"a": 1e999999999}'
    yield "many members", b"{" + b",".join(b'"%d":1' % number for number in range(20_000)) + b"}"
    yield "many equal members", b"{" + b",".join([b'"a":1'] * 30_000) + b"}"
    yield "many equal members inside", b'{"a": {' + b",".join([b'"a":1'] * 30_000) + b"}}"
    yield "many quotes", b'{"' + b'\\"' * 100_000 + b'": 1}'
    yield "an open text of quotes", b'{"a": "' + b'\\"' * 100_000
    yield "an open text", b'{"a": "' + b"\\u0041" * 40_000
    yield "surrogates", b'{"\\ud800": "\\udfff", "api_image": "\\ud800"}'
    yield "text after it", b'{"a": 1}' + b"{" * 100_000
    yield "many modules", b'{"module": {' + b",".join(b'"m%d": {"a": 1}' % number for number in range(3_000)) + b"}}"
    yield "a request of nothing", b'{"blueprint": "x", "inputs": {}}'
    yield (
        "a request's head of wrong types",
        b'{"blueprint": "x", "inputs": {"a": 1}, "size": [1], "name": {"a": 1}, "region": 7}',
    )
    yield from of_bytes()


def of_templates() -> Iterator[tuple[str, bytes]]:
    resources = b"Resources:\n  A:\n    Type: AWS::S3::Bucket\n"
    laughs = b"".join(b"  %c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 9)) for n in range(9))
    yield "an open text of quotes", b'{"a": "' + b'\\"' * 500_000
    yield "a billion laughs", b"Metadata:\n  a: &a [lol]\n" + laughs + resources
    yield "a merge of itself", b"Metadata: &a\n  <<: *a\n" + resources
    yield "deep flow", resources + b"Metadata: " + b"[" * 100_000
    yield "deep flow of maps", resources + b"Metadata: " + b"{a: " * 50_000
    yield "deep blocks", resources + b"Metadata:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 700))
    yield "deep lists", resources + b"Metadata:\n " + b"- " * 100_000
    yield "a python object", resources + b"Metadata:\n  a: !!python/object/apply:os.system ['true']\n"
    yield "a foreign tag", resources + b"Metadata:\n  a: !Foreign x\n"
    yield "many documents", b"---\na: 1\n" * 20_000
    yield "many anchors", resources + b"Metadata:\n" + b"".join(b"  a%d: &a%d x\n" % (n, n) for n in range(20_000))
    yield (
        "many parameters",
        b"Parameters:\n" + b"".join(b"  P%d:\n    Type: String\n" % n for n in range(8_000)) + resources,
    )
    yield "many equal keys", b"Metadata:\n" + b"  a: 1\n" * 60_000 + resources
    yield "many equal keys in json", b'{"Metadata": {' + b",".join([b'"a":1'] * 80_000) + b"}}"
    yield (
        "many keys and one twice",
        b'{"Metadata": {' + b",".join(b'"k%d":1' % n for n in range(60_000)) + b',"k59999":2}}',
    )
    yield "a megabyte of block text", resources + b"Metadata:\n  a: |\n" + b"    x\n" * 150_000
    yield "a megabyte of lists", resources + b"Metadata:\n  a:\n" + b"    - x\n" * 100_000
    yield "sexagesimal numbers", resources + b"Metadata: {a: " + b"1:" * 50_000 + b"1}"
    yield "a long number", resources + b"Metadata: {a: " + b"9" * 300_000 + b"}"
    yield (
        "a pattern that backtracks",
        (
            b'Parameters:\n  P:\n    Type: String\n    AllowedPattern: "(a*)*b"\n    Default: '
            + b"a" * 60
            + b"\n"
            + resources
        ),
    )
    yield (
        "a pattern that backtracks, with alternatives",
        (
            b'Parameters:\n  P:\n    Type: String\n    AllowedPattern: "(a|aa)+$"\n    Default: '
            + b"a" * 60
            + b"b\n"
            + resources
        ),
    )
    for bound in ("MinLength", "MaxLength", "MinValue"):
        kind = b"Number" if bound == "MinValue" else b"String"
        yield (
            f"a {bound} beyond all",
            b"Parameters:\n  P:\n    Type: " + kind + f"\n    {bound}: {'9' * 12}\n".encode() + resources,
        )
    for bound in ("NoEcho: true\n    MinLength", "NoEcho: true\n    MaxLength"):
        yield (
            f"a secret's {bound[-9:]} beyond all",
            f"Parameters:\n  P:\n    Type: String\n    {bound}: {'9' * 12}\n".encode() + resources,
        )
    yield "a file of the machine", b"Metadata: !include /etc/passwd\n" + resources
    yield "an include", b"Transform:\n  Name: AWS::Include\n  Parameters: {Location: file:///etc/passwd}\n" + resources
    yield "ten megabytes", b"# x\n" * (10 * MEGABYTE // 4)
    yield from of_bytes()
