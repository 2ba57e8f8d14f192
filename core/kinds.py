"""Media types and kinds of items, by file extension.

A fixed table, not the system's: the same folder must give the same manifest on every machine.
"""

from typing import Final, Literal

Kind = Literal["video", "audio", "image", "pdf", "html", "document"]

OCTET_STREAM: Final = "application/octet-stream"

MEDIA_TYPES: Final[dict[str, str]] = {
    "3gp": "video/3gpp",
    "aac": "audio/aac",
    "apng": "image/apng",
    "asf": "video/x-ms-asf",
    "avi": "video/x-msvideo",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "f4v": "video/mp4",
    "flac": "audio/flac",
    "flv": "video/x-flv",
    "gif": "image/gif",
    "gz": "application/gzip",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/vnd.microsoft.icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "m2ts": "video/mp2t",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "map": "application/json",
    "md": "text/plain; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "mts": "video/mp2t",
    "odp": "application/vnd.oasis.opendocument.presentation",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rm": "video/vnd.rn-realvideo",
    "rmvb": "video/vnd.rn-realvideo",
    "svg": "image/svg+xml",
    "ts": "video/mp2t",
    "ttf": "font/ttf",
    "txt": "text/plain; charset=utf-8",
    "vob": "video/mpeg",
    "vtt": "text/vtt; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "wmv": "video/x-ms-wmv",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}


def extension(path: str) -> str:
    """Give the lower-case extension of ``path`` without its dot, or an empty text."""
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return suffix.lower() if dot and stem else ""


def media_type(path: str) -> str:
    """Give the media type of a file by its extension."""
    return MEDIA_TYPES.get(extension(path), OCTET_STREAM)


def kind_of(path: str) -> Kind:
    """Give the kind of item that a single file makes."""
    mime = media_type(path)
    if mime.startswith("video/"):
        return "video"
    if mime.startswith("audio/"):
        return "audio"
    # SVG can carry scripts, so it is shown from the sandboxed origin like a page.
    if mime in {"image/svg+xml", "application/xhtml+xml"} or mime.startswith("text/html"):
        return "html"
    if mime.startswith("image/"):
        return "image"
    return "pdf" if mime == "application/pdf" else "document"
