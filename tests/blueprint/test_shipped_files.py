"""Files that a blueprint ships: handed to its components, and nothing from outside its folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from provisioning.blueprint import load_catalogue
from provisioning.blueprint.catalogue.shipped_files import ShippedFiles
from provisioning.components.kit.packages import FILES, ShippedFolder, ShippedText, package
from tests.blueprint.conftest import GOOD


class Uses(BaseModel):
    code: ShippedFolder | None = None
    text: ShippedText | None = None


@pytest.fixture
def shipped(tmp_path: Path) -> ShippedFiles:
    return ship(tmp_path)


def ship(root: Path, **files: bytes) -> ShippedFiles:
    folder = root / "catalogue" / "notes"
    (folder / "code" / "inner").mkdir(parents=True)
    (folder / "blueprint.hcl").write_text(GOOD)
    (folder / "code" / "handler.py").write_text("def handler(): ...")
    (folder / "code" / "inner" / "more.py").write_text("MORE = 1")
    (folder / "data.sh").write_text("#!/bin/sh\necho")
    (root / "secret").write_text("hush")
    for name, data in files.items():
        (folder / "code" / name.replace("__", ".")).write_bytes(data)
    return load_catalogue(root / "catalogue").get("notes").files


def take(shipped: ShippedFiles, **settings: Any) -> Uses:
    return Uses.model_validate(settings, context={FILES: shipped})


def sentence(shipped: ShippedFiles, **settings: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        take(shipped, **settings)
    return refused.value.errors()[0]["msg"]


def wheel(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in members.items():
            target.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def test_a_folder_and_a_text_are_handed_over(shipped: ShippedFiles) -> None:
    found = take(shipped, code="code/", text="data.sh")
    assert found.code is not None
    assert found.text is not None
    assert found.code.files == {"handler.py": b"def handler(): ...", "inner/more.py": b"MORE = 1"}
    assert found.text.text == "#!/bin/sh\necho"


@pytest.mark.parametrize("path", ["../secret", "../../secret", "/etc/passwd", "code/../../secret", "", ".", "..", "\0"])
def test_nothing_else_can_be_named(shipped: ShippedFiles, path: str) -> None:
    assert "has no file" in sentence(shipped, text=path)
    assert "has no folder" in sentence(shipped, code=path)


def test_a_file_that_changed_since_is_refused(shipped: ShippedFiles) -> None:
    shipped.paths["data.sh"].write_text("rm -rf /")
    assert "has changed since the blueprint was loaded" in sentence(shipped, text="data.sh")


def test_a_file_that_became_a_link_is_refused(shipped: ShippedFiles, tmp_path: Path) -> None:
    path = shipped.paths["data.sh"]
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    assert "cannot be read" in sentence(shipped, text="data.sh")


def test_only_what_is_asked_for_is_read(shipped: ShippedFiles) -> None:
    shipped.paths["code/handler.py"].unlink()
    assert take(shipped, text="data.sh").text is not None
    assert "code/handler.py" in shipped


def test_a_text_must_be_one(tmp_path: Path) -> None:
    shipped = ship(tmp_path, bad__txt=b"\xff\xfe", long__txt=b"x" * 1_000_001)
    assert "is not text in UTF-8" in sentence(shipped, text="code/bad.txt")
    assert "has 1000001 bytes" in sentence(shipped, text="code/long.txt")


def test_a_wheel_is_unpacked(tmp_path: Path) -> None:
    shipped = ship(tmp_path, library__whl=wheel(library__py=b"X = 1"))
    found = take(shipped, code="code").code
    assert found is not None
    names = zipfile.ZipFile(io.BytesIO(package(found).body)).namelist()
    assert names == ["handler.py", "inner/more.py", "library.py"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no zip at all", "is not a readable wheel"),
        (wheel(a=b"\0" * 51_000_000), "to more than 50 MB"),
        (wheel(**{"../outside": b"x"}), "contains a path outside itself"),
    ],
    ids=["broken", "bomb", "outside"],
)
def test_a_wheel_that_means_harm_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    assert said in sentence(ship(tmp_path, evil__whl=data), code="code")


def test_two_wheels_share_the_room(tmp_path: Path) -> None:
    half = b"\0" * 30_000_000
    shipped = ship(tmp_path, a__whl=wheel(a=half), b__whl=wheel(b=half))
    assert "to more than 50 MB" in sentence(shipped, code="code")


def test_bytecode_is_neither_shipped_nor_part_of_the_digest(tmp_path: Path) -> None:
    clean = ship(tmp_path)
    before = load_catalogue(tmp_path / "catalogue").get("notes").digest
    cache = tmp_path / "catalogue" / "notes" / "code" / "__pycache__"
    cache.mkdir()
    (cache / "handler.cpython-311.pyc").write_bytes(b"bytecode")
    blueprint = load_catalogue(tmp_path / "catalogue").get("notes")
    assert blueprint.digest == before
    assert set(blueprint.files) == set(clean)
