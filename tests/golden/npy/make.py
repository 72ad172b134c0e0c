"""Makes the .npy files here. Python 3.11, NumPy 2.4.6. Run in this folder."""
import numpy as np

values = np.arange(6, dtype=np.float64).reshape(3, 2) / 4 - 0.5  # exact in float32
np.save("float32.npy", values.astype("<f4"))
np.save("float64.npy", values)
np.save("float32_1d.npy", values.ravel().astype("<f4"))
np.save("float64_large.npy", np.array([[1.0, 1e300]]))
np.save("column_major.npy", np.asfortranarray(values.astype("<f4")))
np.save("big_endian.npy", values.astype(">f4"))
np.save("three_dimensions.npy", values.reshape(3, 2, 1).astype("<f4"))
np.save("structured.npy", np.zeros(2, dtype=[("a", "<f4")]))
with open("version2.npy", "wb") as file:
    np.lib.format.write_array(file, values.astype("<f4"), version=(2, 0))
for kind in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"):
    numbers = [0, 1, 9, -3 if kind[0] == "i" else 250, 127]
    np.save(kind + ".npy", np.array(numbers, dtype="<" + kind))
np.save("u8_large.npy", np.array([0, 2**63], dtype="<u8"))
