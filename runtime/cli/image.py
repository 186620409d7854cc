"""`radstream image`: images out of the object store again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import clickhouse_connect.driver.exceptions
import typer

from producers.publishing import PublishFailed
from runtime.accesses import say_access
from runtime.cli.output import Json, console, fail, print_json
from runtime.cli.settings_of import Data, running_installation
from runtime.images import ImageUnavailable, save_image
from runtime.stack.errors import StackError
from schemas.audit_codes import INSTANCES_ACCESSED
from schemas.errors import KeyDestroyed, KeyNotFound, NotAnImage, SchemaError
from schemas.keyring_config import open_key_ring

app = typer.Typer(no_args_is_help=True, help="Get images out of the object store.")


@app.callback()
def _group() -> None:
    """Keeps `get` a verb of its own while it is the only one."""


@app.command()
def get(
    image: Annotated[str, typer.Argument(help="SOP Instance UID, or the object's key.")],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="DICOM file to write, readable by you alone.")
    ],
    data: Data = None,
    json: Json = False,
) -> None:
    """Write an image as the DICOM file that was received. It shows the patient in clear."""
    installation, _ = running_installation(data, as_json=json)
    try:
        ring = open_key_ring(installation.key_ring_config())
        say_access(installation, INSTANCES_ACCESSED, f"image {image}", by="image")
        saved = save_image(installation, ring, image, output)
    except PublishFailed as error:
        fail(f"nothing was opened, since the log cannot say so: {error}", as_json=json)
    except (ImageUnavailable, StackError, ValueError) as error:
        fail(str(error), as_json=json)
    except SchemaError as error:
        fail(_advice(error), as_json=json)
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}", as_json=json)
    except clickhouse_connect.driver.exceptions.Error:
        fail("ClickHouse, which knows where it is, gives no answer: name the object's key", as_json=json)
    if json:
        print_json({**asdict(saved), "file": str(output)})
    else:
        console.print(f"{saved.size_bytes:,} bytes of {saved.object_key} in {output}", highlight=False)


def _advice(error: SchemaError) -> str:
    match error:
        case KeyDestroyed():
            return f"the patient was erased, the image stays closed for ever ({error})"
        case KeyNotFound():
            return f"{error}: is this the key ring of the installation that stored the image?"
        case NotAnImage():
            return f"{error}: it was stored in clear before images were sealed, or is no image"
        case _:
            return f"the image does not open: {error}"
