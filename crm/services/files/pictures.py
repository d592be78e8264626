"""Pictures that people upload: decoded and encoded anew, so that nothing but a picture is ever kept or served.

What stood beside the picture in its file goes: where it was taken and when, with which camera, comments.
"""

import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from flask_babel import gettext as _
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from crm.errors import RuleError
from crm.models.file_kinds import PICTURES

#: Of one picture, or of all its frames or pages together.
MOST_PIXELS = 40_000_000
MOST_FRAMES = 500
#: A colour profile is kept up to this size.
LARGEST_PROFILE = 100_000
THUMBNAIL_SIDE = 320

#: A picture takes some hundred MB while it is decoded: a few at a time.
_workers = threading.BoundedSemaphore(2)


@contextmanager
def opened(content: IO[bytes], field: str | None, formats: Sequence[str] = tuple(PICTURES)) -> Iterator[Any]:
    """The picture in a file. Raises RuleError where it is none of these formats, broken, or too large."""
    try:
        with _workers:
            content.seek(0)
            with Image.open(content, formats=formats) as probe:
                frames = 1 if _kind(probe) == "JPEG" else getattr(probe, "n_frames", 1)
                if probe.width * probe.height * frames > MOST_PIXELS or frames > MOST_FRAMES:
                    raise RuleError(_("This picture has too many pixels."), field=field)
                probe.verify()
            content.seek(0)
            with Image.open(content, formats=formats) as picture:
                yield picture
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, EOFError):
        words = ", ".join("WebP" if name == "WEBP" else name for name in formats)
        raise RuleError(
            _("This is not a picture that can be read (%(formats)s).", formats=words), field
        ) from None


def _kind(picture: Image.Image) -> str:
    """The format; of several JPEG pictures in one file, as telephones write them, the first is meant."""
    return "JPEG" if picture.format == "MPO" else str(picture.format)


def encoded_anew(content: IO[bytes], field: str | None) -> tuple[str, IO[bytes], bytes]:
    """(content type, content, thumbnail) of the picture in a file, at its full size. Raises RuleError."""
    with opened(content, field) as picture:
        kind = _kind(picture)
        several = ImageSequence.Iterator(picture) if kind != "JPEG" else [picture]
        frames = [_bare(frame) for frame in several]
        timing = {
            name: picture.info[name]
            for name in ("duration", "loop")
            if name in picture.info and len(frames) > 1 and kind in ("GIF", "WEBP")
        }
        out = io.BytesIO()
        frames[0].save(out, kind, **_options(kind, frames), **timing)
        thumbnail = small(frames[0], THUMBNAIL_SIDE)
    return PICTURES[kind], out, thumbnail


def small(picture: Image.Image, side: int) -> bytes:
    """A picture as WebP with at most this many pixels a side."""
    copy = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    copy.thumbnail((side, side))
    out = io.BytesIO()
    copy.save(out, "WEBP")
    return out.getvalue()


def _bare(frame: Image.Image) -> Image.Image:
    """One frame, upright, with nothing beside it but its colour profile and what its colours mean."""
    kept = {name: frame.info[name] for name in ("transparency", "duration") if name in frame.info}
    profile = frame.info.get("icc_profile")
    if profile and len(profile) <= LARGEST_PROFILE:
        kept["icc_profile"] = profile
    bare = ImageOps.exif_transpose(frame).copy()
    bare.info = kept
    return bare


def _options(kind: str, frames: list[Image.Image]) -> dict[str, Any]:
    options: dict[str, Any] = {"JPEG": {"quality": 90}, "WEBP": {"quality": 90},
                               "PNG": {"optimize": False}, "TIFF": {"compression": "tiff_adobe_deflate"},
                               }.get(kind, {})  # fmt: skip
    if len(frames) > 1:
        options = {**options, "save_all": True, "append_images": frames[1:]}
    return options
