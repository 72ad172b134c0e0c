"""Makes the image files here and, beside each NAME, its pixels as Pillow decodes them: NAME.pnm.

Made with Python 3.11, Pillow 11.3.0, NumPy 2.4.6. 16-bit PNGs, which Pillow cannot write in color,
are packed by hand; their pixels are the upper 8 bits. Run in this folder.
"""
import struct
import zlib

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 13, 7
y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
gray = ((x * 19 + y * 31) % 256).astype(np.uint8)
smooth = (40 + x * 12 + y * 8).astype(np.uint8)
rgb = np.stack([gray, 255 - gray, (x * y * 3 % 256).astype(np.uint8)], axis=2)
smooth_rgb = np.stack([smooth, 255 - smooth, smooth // 2 + 30], axis=2)
alpha = ((x + y) * 13 % 256).astype(np.uint8)


def expect(name, pixels):
    magic = b"P5" if pixels.ndim == 2 else b"P6"
    with open(name + ".pnm", "wb") as file:
        file.write(magic + b"\n%d %d\n255\n" % (WIDTH, HEIGHT) + pixels.tobytes())


def save(name, image, **options):
    image.save(name, **options)
    decoded = Image.open(name)
    mode = "L" if decoded.mode in ("L", "LA") else "RGB"
    if decoded.mode in ("RGBA", "LA"):  # alpha dropped, not blended
        pixels = np.asarray(decoded)[:, :, :-1]
        pixels = pixels[:, :, 0] if mode == "L" else pixels
    else:
        pixels = np.asarray(decoded.convert(mode))
    expect(name, pixels)


def png16(name, samples, color):
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, color, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            file.write(struct.pack(">I", len(data)) + kind + data)
            file.write(struct.pack(">I", zlib.crc32(kind + data)))
    expect(name, (samples >> 8).astype(np.uint8))


save("gray.png", Image.fromarray(gray))
save("rgb.png", Image.fromarray(rgb))
save("gray_alpha.png", Image.fromarray(np.stack([gray, alpha], axis=2)))
save("rgb_alpha.png", Image.fromarray(np.dstack([rgb, alpha])))
save("palette.png", Image.fromarray(rgb).quantize(16))
png16("gray16.png", gray.astype(np.uint16) * 257 - (gray > 9) * 130, 0)
png16("rgb16.png", rgb.astype(np.uint16) * 256 + 255, 2)
save("rgb.bmp", Image.fromarray(rgb))
save("palette.bmp", Image.fromarray(rgb).quantize(16))
save("bits32.bmp", Image.fromarray(np.dstack([rgb, alpha])))
save("gray.bmp", Image.fromarray(gray))
save("gray.jpg", Image.fromarray(smooth), quality=95)
save("rgb.jpg", Image.fromarray(smooth_rgb), quality=95)
save("progressive.jpg", Image.fromarray(smooth_rgb), quality=95, progressive=True)
save("restart.jpg", Image.fromarray(smooth_rgb), quality=95, restart_marker_blocks=1)
