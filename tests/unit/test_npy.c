// .npy files, against files written by NumPy (tests/golden/npy/make.py).
#include <inttypes.h>
#include <math.h>

#include "src/base/npy.h"
#include "tests/support/folder.h"

#define GOLDEN FX_SOURCE_DIR "/tests/golden/npy/"

TestSuite(npy, .init = folder_enter, .fini = folder_leave);

static const float VALUES[] = {-0.5F, -0.25F, 0, 0.25F, 0.5F, 0.75F}; // exact

static void assert_same_files(const char *left, const char *right) {
    char *a, *b;
    size_t count_a, count_b;
    cr_assert_eq(fx__file_read(left, 10000, &a, &count_a, NULL), FX_OK);
    cr_assert_eq(fx__file_read(right, 10000, &b, &count_b, NULL), FX_OK);
    cr_assert_eq(count_a, count_b);
    cr_assert_eq(memcmp(a, b, count_a), 0);
    free(a);
    free(b);
}

static void assert_values(const char *path, size_t rows, size_t columns) {
    fx_error error = {0};
    fx_matrix matrix;
    cr_assert_eq(fx__npy_load(path, &matrix, &error), FX_OK, "%s", error.message);
    cr_assert_eq(matrix.rows, rows);
    cr_assert_eq(matrix.columns, columns);
    cr_assert_eq((size_t)matrix.data % 64, 0);
    cr_assert_eq(memcmp(matrix.data, VALUES, sizeof VALUES), 0);
    fx_matrix_destroy(&matrix);
}

static void assert_load_fails(const char *path, fx_status status, const char *message) {
    fx_error error = {0};
    fx_matrix matrix;
    cr_assert_eq(fx__npy_load(path, &matrix, &error), status, "%s", path);
    cr_assert_not_null(strstr(error.message, message), "%s", error.message);
    cr_assert_null(matrix.data);
}

Test(npy, reads_what_numpy_wrote) {
    assert_values(GOLDEN "float32.npy", 3, 2);
    assert_values(GOLDEN "float64.npy", 3, 2);
    assert_values(GOLDEN "float32_1d.npy", 6, 1);
    assert_values(GOLDEN "version2.npy", 3, 2);
}

Test(npy, writes_the_bytes_that_numpy_writes) {
    fx_error error = {0};
    // The hint is right, too small, too large: the file is the same.
    for (size_t hint = 0; hint <= 6; hint += 3) {
        fx_npy_writer npy;
        cr_assert_eq(fx__npy_open("a.npy", 2, hint, &npy, &error), FX_OK);
        cr_assert_eq(fx__npy_append(&npy, VALUES, 2, &error), FX_OK);
        cr_assert_eq(fx__npy_append(&npy, VALUES + 4, 1, &error), FX_OK);
        cr_assert_eq(fx__npy_commit(&npy, &error), FX_OK, "%s", error.message);
        assert_same_files("a.npy", GOLDEN "float32.npy");
    }
    int64_t labels[] = {0, 1, 9, -3, 127};
    cr_assert_eq(fx__npy_save_int64("b.npy", labels, 5, &error), FX_OK);
    assert_same_files("b.npy", GOLDEN "i8.npy");
}

Test(npy, a_stream_needs_the_right_number_of_rows) {
    fx_error error = {0};
    fx_npy_writer npy;
    cr_assert_eq(fx__npy_open("/dev/null", 2, 4, &npy, &error), FX_OK);
    cr_assert_eq(fx__npy_append(&npy, VALUES, 3, &error), FX_OK);
    cr_assert_eq(fx__npy_commit(&npy, &error), FX_ERROR_IO);
    cr_assert_not_null(strstr(error.message, "3 rows written after a header that says 4"));
}

Test(npy, an_aborted_file_is_not_there) {
    fx_npy_writer npy;
    cr_assert_eq(fx__npy_open("a.npy", 2, 4, &npy, NULL), FX_OK);
    cr_assert_eq(fx__npy_append(&npy, VALUES, 3, NULL), FX_OK);
    fx__npy_abort(&npy);
    fx__npy_abort(&npy);
    cr_assert_eq(folder_entries("."), 0);
}

Test(npy, reads_integers_of_every_type) {
    static const char *const types[] = {"i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"};
    for (size_t t = 0; t < 8; t++) {
        fx_error error = {0};
        char path[500];
        int64_t *values;
        size_t count;
        snprintf(path, sizeof path, GOLDEN "%s.npy", types[t]);
        cr_assert_eq(fx__npy_load_int64(path, &values, &count, &error), FX_OK, "%s", error.message);
        int64_t expected[] = {0, 1, 9, types[t][0] == 'i' ? -3 : 250, 127};
        cr_assert_eq(count, 5);
        cr_assert_eq(memcmp(values, expected, sizeof expected), 0, "%s", types[t]);
        free(values);
    }
    fx_error error = {0};
    int64_t *values;
    size_t count;
    cr_assert_eq(fx__npy_load_int64(GOLDEN "u8_large.npy", &values, &count, &error), FX_ERROR_DATA);
    cr_assert_not_null(strstr(error.message, "element 1 is 9223372036854775808"));
    cr_assert_eq(fx__npy_load_int64(GOLDEN "float32.npy", &values, &count, &error),
                 FX_ERROR_FORMAT);
    cr_assert_null(values);
}

Test(npy, names_what_it_cannot_read) {
    assert_load_fails(GOLDEN "column_major.npy", FX_ERROR_FORMAT, "column-major");
    assert_load_fails(GOLDEN "big_endian.npy", FX_ERROR_FORMAT, "type '>f4'");
    assert_load_fails(GOLDEN "three_dimensions.npy", FX_ERROR_FORMAT, "shape [3, 2, 1] of '<f4'");
    assert_load_fails(GOLDEN "structured.npy", FX_ERROR_FORMAT, "one plain type");
    assert_load_fails(GOLDEN "i4.npy", FX_ERROR_FORMAT, "shape [5] of '<i4'");
    assert_load_fails(GOLDEN "float64_large.npy", FX_ERROR_DATA, "element 1 is 1e+300");
    assert_load_fails(GOLDEN "make.py", FX_ERROR_FORMAT, "not a .npy file");
    assert_load_fails("none.npy", FX_ERROR_IO, "none.npy: No such file");
    cr_assert_eq(fx__file_write("empty.npy", "", 0, NULL), FX_OK);
    assert_load_fails("empty.npy", FX_ERROR_FORMAT, "empty.npy: empty file");
}

// Every file that is shorter or longer than its header says is refused.
Test(npy, refuses_a_wrong_length) {
    char *bytes;
    size_t count;
    cr_assert_eq(fx__file_read(GOLDEN "float32.npy", 1000, &bytes, &count, NULL), FX_OK);
    for (size_t n = 0; n < count; n++) {
        cr_assert_eq(fx__file_write("cut.npy", bytes, n, NULL), FX_OK);
        assert_load_fails("cut.npy", FX_ERROR_FORMAT, "cut.npy: ");
    }
    cr_assert_eq(fx__file_write("cut.npy", bytes, count + 1, NULL), FX_OK);
    assert_load_fails("cut.npy", FX_ERROR_FORMAT,
                      "25 bytes of data, expected 24 for shape [3, 2] of '<f4'");
    free(bytes);
}

Test(npy, refuses_malformed_headers) {
    static const char *const headers[] = {
        "",
        "{}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, -2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 6}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (3, 2)}",
        "{'descr': '<f4', 'shape': (3, 2)}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), 'other': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)} x",
        "{'descr': '', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<f3', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<f44', 'fortran_order': False, 'shape': (3, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        char file[300] = "\x93NUMPY\x01\x00";
        size_t length = strlen(headers[i]);
        file[8] = (char)length;
        memcpy(file + 10, headers[i], length);
        cr_assert_eq(fx__file_write("bad.npy", file, 10 + length + 24, NULL), FX_OK);
        assert_load_fails("bad.npy", FX_ERROR_FORMAT, "bad.npy: ");
    }
}

// A file of one row of these bytes, whose header is padded to `header` bytes.
static void write_npy(const char *path, const char *type, size_t columns, size_t header,
                      const void *data, size_t bytes) {
    char text[256];
    memset(text, ' ', sizeof text);
    memcpy(text, "\x93NUMPY\x01", 7);
    text[7] = 0;
    text[8] = (char)(header - 10);
    text[9] = 0;
    int used =
        snprintf(text + 10, sizeof text - 10,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1, %zu), }", type, columns);
    text[10 + used] = ' ';
    text[header - 1] = '\n';
    FILE *file = fopen(path, "wb");
    fwrite(text, 1, header, file);
    fwrite(data, 1, bytes, file);
    fclose(file);
}

Test(npy, rows_of_every_kind) {
    static const char *const files[] = {"float32.npy", "float64.npy", "version2.npy"};
    for (size_t f = 0; f < 3; f++) {
        char path[500];
        snprintf(path, sizeof path, GOLDEN "%s", files[f]);
        fx_npy_rows rows;
        fx_error error = {0};
        cr_assert_eq(fx__npy_rows_open(path, &rows, &error), FX_OK, "%s", error.message);
        cr_assert_eq(rows.mapping != NULL, f != 1, "float64 is read");
        float row[2];
        for (size_t i = 0; i < rows.rows; i++) {
            fx__npy_row(&rows, i, row);
            cr_assert_eq(memcmp(row, VALUES + 2 * i, sizeof row), 0);
        }
        fx__npy_rows_done(&rows, 3);
        fx__npy_rows_close(&rows);
        cr_assert_null(rows.data);
    }
    // A header that leaves the data between two floats: read, not mapped.
    write_npy("odd.npy", "<f4", 6, 127, VALUES, sizeof VALUES);
    fx_npy_rows rows;
    float row[6];
    cr_assert_eq(fx__npy_rows_open("odd.npy", &rows, NULL), FX_OK);
    cr_assert_null(rows.mapping);
    fx__npy_row(&rows, 0, row);
    cr_assert_arr_eq(row, VALUES, sizeof row);
    fx__npy_rows_close(&rows);
    fx_error error;
    cr_assert_eq(fx__npy_rows_open(GOLDEN "i4.npy", &rows, &error), FX_ERROR_FORMAT);
    cr_assert(strstr(error.message, "<f2"));
    cr_assert_eq(fx__npy_rows_open("none.npy", &rows, &error), FX_ERROR_IO);
}

Test(npy, every_float16) {
    enum { ALL = 1 << 16 };
    static uint16_t bits[ALL];
    static float values[ALL];
    for (int i = 0; i < ALL; i++) bits[i] = (uint16_t)i;
    write_npy("half.npy", "<f2", ALL, 128, bits, sizeof bits);
    fx_npy_rows rows;
    cr_assert_eq(fx__npy_rows_open("half.npy", &rows, NULL), FX_OK);
    cr_assert(rows.half && rows.mapping);
    fx__npy_row(&rows, 0, values);
    for (int i = 0; i < ALL; i++) {
        // IEEE 754-2008: sign, 5 bits of exponent with bias 15, 10 bits of fraction.
        int exponent = i >> 10 & 31, fraction = i & 1023;
        double value = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
        if (exponent == 31) value = fraction ? NAN : INFINITY;
        if (i >> 15) value = -value;
        if (isnan(value))
            cr_assert(isnan(values[i]), "%04x is %g", i, (double)values[i]);
        else
            cr_assert((double)values[i] == value && !signbit(values[i]) == !signbit(value),
                      "%04x is %g, expected %g", i, (double)values[i], value);
    }
    fx__npy_rows_close(&rows);
}
