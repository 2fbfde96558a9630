# SPDX-License-Identifier: MIT OR Apache-2.0
"""Formats of dumps that no tool writes as they are wanted: used by make."""

import os
import struct

PAGE = 4096


def straighten(source, out):
    """QEMU puts section headers between the ELF header and the program headers, which makedumpfile does not expect:
    they go to directly behind the ELF header, and the section headers go."""
    copy(source, out)
    with open(out, "r+b") as file:
        header = bytearray(file.read(64))
        at, count = struct.unpack_from("<Q", header, 32)[0], struct.unpack_from("<H", header, 56)[0]
        file.seek(at)
        programs = file.read(56 * count)
        struct.pack_into("<QQ", header, 32, 64, 0)
        struct.pack_into("<HH", header, 60, 0, 0)
        file.seek(0)
        file.write(header + programs)


def copy(source, out):
    """Copies a file, leaving holes where it holds zeros."""
    with open(source, "rb") as file, open(out, "wb") as to:
        while block := file.read(1 << 20):
            if any(block):
                to.write(block)
            else:
                to.seek(len(block), os.SEEK_CUR)
        to.truncate(file.tell())


def programs(path):
    """The program headers of an ELF file of little-endian numbers: (type, offset, physical address, size in file)."""
    with open(path, "rb") as file:
        header = file.read(64)
        wide = header[4] == 2
        at = struct.unpack_from("<Q", header, 32)[0] if wide else struct.unpack_from("<I", header, 28)[0]
        count, size = struct.unpack_from("<H", header, 56 if wide else 44)[0], 56 if wide else 32
        for index in range(count):
            file.seek(at + size * index)
            if wide:
                kind, _, offset, _, physical, length, _, _ = struct.unpack("<IIQQQQQQ", file.read(size))
            else:
                kind, offset, _, physical, length, _, _, _ = struct.unpack("<IIIIIIII", file.read(size))
            yield kind, offset, physical, length


def ram_begins(path):
    """Where the guest's RAM begins: the lowest loaded segment of QEMU's dump."""
    return min(physical for kind, _, physical, _ in programs(path) if kind == 1)


def notes(path):
    """The bytes of an ELF file's notes."""
    for kind, offset, _, size in programs(path):
        if kind == 4:
            with open(path, "rb") as file:
                file.seek(offset)
                yield file.read(size)


def build_id(path):
    """The kernel's build-id, as VMCOREINFO tells it."""
    for data in notes(path):
        at = data.find(b"BUILD-ID=")
        if at >= 0:
            return data[at + 9:data.index(b"\n", at)].decode()
    return ""


def lime(ram, out, base):
    """A LiME image (version 1: magic, version, first and last address, eight reserved bytes; then the range) in two
    ranges, with a hole of a page where a machine has its video memory's end."""
    size = os.path.getsize(ram)
    ranges = [(0, 0x9f000), (0x100000, size)]
    with open(ram, "rb") as file, open(out, "wb") as to:
        for begin, end in ranges:
            to.write(struct.pack("<IIQQQ", 0x4C694D45, 1, base + begin, base + end - 1, 0))
            file.seek(begin)
            while begin < end:
                block = file.read(min(1 << 20, end - begin))
                to.write(block)
                begin += len(block)


def cut_zeros(path):
    """A flattened dump that was written to a disk ends with its end marker, not with the disk: everything behind goes."""
    with open(path, "r+b") as file:
        at = PAGE
        while True:
            file.seek(at)
            header = file.read(16)
            offset, size = struct.unpack(">qq", header)
            at += 16
            if offset == -1 and size == -1:
                break
            at += size
        file.truncate(at)


def pack(path, level):
    """Compresses the pages of a kdump-compressed file again, with zstd at this level; equal pages are stored once, in
    the order of their numbers. The headers and bitmaps stay as they are."""
    import zstandard

    codec, back = zstandard.ZstdCompressor(level=level, write_content_size=True, write_checksum=False), zstandard.ZstdDecompressor()
    with open(path, "rb") as file:
        data = file.read()
    block, = struct.unpack_from("<I", data, 428)
    sub_blocks, bitmap_blocks = struct.unpack_from("<II", data, 432)
    bitmap = (1 + sub_blocks) * block
    half = bitmap_blocks * block // 2
    kept = sum(byte.bit_count() for byte in data[bitmap + half:bitmap + 2 * half])
    table = bitmap + bitmap_blocks * block
    out, where = bytearray(data[:table]), {}
    at = table + 24 * kept
    descriptors, pages = bytearray(), bytearray()
    for index in range(kept):
        offset, size, flags, page_flags = struct.unpack_from("<QIIQ", data, table + 24 * index)
        raw = data[offset:offset + size]
        raw = back.decompress(raw, max_output_size=block) if flags & 0x20 else raw
        assert len(raw) == block, "a page that is compressed otherwise"
        if raw not in where:
            small = codec.compress(raw)
            form, stored = (0x20, small) if len(small) < block else (0, raw)
            where[raw] = (at + len(pages), len(stored), form)
            pages += stored
        descriptors += struct.pack("<QIIQ", *where[raw], page_flags)
    with open(path, "wb") as file:
        file.write(out + descriptors + pages)
