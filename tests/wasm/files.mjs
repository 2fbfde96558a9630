// Files as a browser's worker has them, for Node: `Blob`, `File` and `FileReaderSync`, as much of each as the engine uses.
//
// Must stay small enough to be trusted by reading it. A file is a size and a function that gives the bytes of a range,
// so that one of many gigabytes needs no memory.

class Blob {
  constructor(size, read) {
    this.size = size;
    this.read = read;
  }

  slice(from, to) {
    const start = Math.min(from, this.size);
    const end = Math.max(start, Math.min(to, this.size));
    return new Blob(end - start, (a, b) => this.read(start + a, start + b));
  }
}

class File extends Blob {
  constructor(name, size, read) {
    super(size, read);
    this.name = name;
  }
}

class FileReaderSync {
  readAsArrayBuffer(blob) {
    const bytes = blob.read(0, blob.size);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
}

/** Puts the classes where the engine looks for them. Before it is loaded. */
export function install() {
  Object.assign(globalThis, { Blob, File, FileReaderSync });
}

/** A file of these bytes. */
export function fileOf(name, bytes) {
  return new File(name, bytes.length, (from, to) => bytes.subarray(from, to));
}

/** A file whose reading fails like a browser's. */
export function fileThatFails(name, size, exception) {
  return new File(name, size, () => {
    throw new DOMException("not to be read", exception);
  });
}

/** `size` bytes of `filler`, a whole number of times repeated, and then `end`. */
export function largeFile(name, filler, size, end) {
  const body = Math.floor(size / filler.length) * filler.length;
  // Twice a block and more, so that a range of it is one copy.
  const repeated = Buffer.concat(Array(Math.ceil((9 << 20) / filler.length)).fill(filler));
  return new File(name, body + end.length, (from, to) => {
    const out = new Uint8Array(to - from);
    let done = 0;
    while (done < out.length && from + done < body) {
      const at = (from + done) % filler.length;
      const n = Math.min(out.length - done, body - from - done, repeated.length - at);
      out.set(repeated.subarray(at, at + n), done);
      done += n;
    }
    if (done < out.length) out.set(end.subarray(from + done - body, to - body), done);
    return out;
  });
}
