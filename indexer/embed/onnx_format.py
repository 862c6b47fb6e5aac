"""The little of ONNX's file format that reading tensors and writing a graph takes.

ONNX files are protocol buffers; the field numbers are those of `onnx.proto3` (IR version 8). The
`onnx` package does the same and much more, for 20 MB and half a second of import.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_IR_VERSION = 8
_EXTERNAL = 1


class ElementType(IntEnum):
    """TensorProto.DataType."""

    FLOAT = 1
    INT8 = 3
    INT64 = 7


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Where a tensor's bytes (little-endian, row-major) lie in a model file."""

    name: str
    element: int
    shape: tuple[int, ...]
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Model:
    """A graph to write: serialized nodes, initializers, inputs and outputs."""

    nodes: Sequence[bytes]
    initializers: Sequence[bytes]
    inputs: Sequence[bytes]
    outputs: Sequence[bytes]
    opsets: Mapping[str, int]


def stored_tensors(data: memoryview) -> Iterator[StoredTensor]:
    """The initializers of the model in `data` that hold raw bytes. Raises ValueError."""
    for field, start, end in _fields(data, 0, len(data)):
        if field == 7:  # ModelProto.graph
            for inner, first, last in _fields(data, start, end):
                if inner == 5:  # GraphProto.initializer
                    yield _stored_tensor(data, first, last)


def inline_tensor(name: str, element: ElementType, shape: Sequence[int], raw: bytes) -> bytes:
    """A tensor whose bytes are in the graph itself."""
    return _tensor_head(name, element, shape) + _bytes(9, raw)


def external_tensor(tensor: StoredTensor, name: str, location: str) -> bytes:
    """A tensor whose bytes stay in the file `location`, from which onnxruntime maps them."""
    place = {"location": location, "offset": str(tensor.offset), "length": str(tensor.length)}
    entries = b"".join(_bytes(13, _text(1, key) + _text(2, value)) for key, value in place.items())
    head = _tensor_head(name, ElementType(tensor.element), tensor.shape)
    return head + entries + _integer(14, _EXTERNAL)


def node(
    operator: str,
    inputs: Sequence[str],
    output: str,
    *,
    domain: str = "",
    attributes: Mapping[str, int | float] | None = None,
) -> bytes:
    """One operation with one output. An empty name is an optional input that is left out."""
    described = (_attribute(*item) for item in (attributes or {}).items())
    return b"".join(
        [
            *(_text(1, name) for name in inputs),
            _text(2, output),
            _text(4, operator),
            *(_bytes(5, attribute) for attribute in described),
            _text(7, domain),
        ]
    )


def value(name: str, element: ElementType, shape: Sequence[int | str]) -> bytes:
    """An input or output; a dimension given as text may have any length."""
    sizes = b"".join(
        _bytes(1, _text(2, size) if isinstance(size, str) else _integer(1, size)) for size in shape
    )
    tensor_type = _integer(1, element) + _bytes(2, sizes)
    return _text(1, name) + _bytes(2, _bytes(1, tensor_type))


def serialize(model: Model) -> bytes:
    """The model file."""
    graph = b"".join(
        [
            *(_bytes(1, each) for each in model.nodes),
            _text(2, "graph"),
            *(_bytes(5, each) for each in model.initializers),
            *(_bytes(11, each) for each in model.inputs),
            *(_bytes(12, each) for each in model.outputs),
        ]
    )
    opsets = b"".join(
        _bytes(8, _text(1, domain) + _integer(2, version))
        for domain, version in model.opsets.items()
    )
    return _integer(1, _IR_VERSION) + _bytes(7, graph) + opsets


def _stored_tensor(data: memoryview, start: int, end: int) -> StoredTensor:
    name, element, shape = "", 0, list[int]()
    offset = length = 0
    for field, first, last in _fields(data, start, end):
        if field == 1:  # dims, packed or one by one: a run of varints either way
            shape.extend(_varints(data, first, last))
        elif field == 2:
            element, _ = _varint(data, first, last)
        elif field == 8:
            name = bytes(data[first:last]).decode()
        elif field == 9:
            offset, length = first, last - first
    return StoredTensor(name, element, tuple(shape), offset, length)


def _fields(data: memoryview, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Each field of a message: its number, and where its value starts and ends."""
    while position < end:
        key, position = _varint(data, position, end)
        start, wire = position, key & 7
        if wire == _VARINT:
            _, position = _varint(data, position, end)
        elif wire == _BYTES:
            size, start = _varint(data, position, end)
            position = start + size
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"no ONNX file: wire type {wire} at byte {start}")
        if position > end:
            raise ValueError(f"no ONNX file: a field at byte {start} ends after its message")
        yield key >> 3, start, position


def _varints(data: memoryview, position: int, end: int) -> Iterator[int]:
    while position < end:
        number, position = _varint(data, position, end)
        yield number


def _varint(data: memoryview, position: int, end: int) -> tuple[int, int]:
    number = shift = 0
    while position < end and shift < 64:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    raise ValueError(f"no ONNX file: no number ends at byte {position}")


def _tensor_head(name: str, element: ElementType, shape: Sequence[int]) -> bytes:
    return b"".join([*(_integer(1, size) for size in shape), _integer(2, element), _text(8, name)])


def _attribute(name: str, given: int | float) -> bytes:
    if isinstance(given, int):
        return _text(1, name) + _integer(3, given) + _integer(20, 2)  # type INT
    number = _encoded(2 << 3 | _FIXED32) + struct.pack("<f", given)
    return _text(1, name) + number + _integer(20, 1)  # type FLOAT


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())


def _bytes(field: int, content: bytes) -> bytes:
    return _encoded(field << 3 | _BYTES) + _encoded(len(content)) + content


def _integer(field: int, number: int) -> bytes:
    return _encoded(field << 3 | _VARINT) + _encoded(number)


def _encoded(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
