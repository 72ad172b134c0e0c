// Safetensors files, against one that the safetensors package wrote (tests/golden/tensors/make.py).
#include <sha256.h>

#include "src/base/file.h"
#include "src/base/tensors.h"
#include "tests/support/folder.h"

#define GOLDEN FX_SOURCE_DIR "/tests/golden/tensors/reference.safetensors"

TestSuite(tensors, .init = folder_enter, .fini = folder_leave);

static fx_tensors *load(const char *path) {
    fx_error error = {0};
    fx_tensors *tensors;
    cr_assert_eq(fx__tensors_load(path, &tensors, &error), FX_OK, "%s", error.message);
    return tensors;
}

static void assert_load_fails(const char *path, const char *message) {
    fx_error error = {0};
    fx_tensors *tensors;
    cr_assert_eq(fx__tensors_load(path, &tensors, &error), FX_ERROR_FORMAT, "%s", message);
    cr_assert_null(tensors);
    cr_assert_eq(strncmp(error.message, path, strlen(path)), 0, "%s", error.message);
    cr_assert_not_null(strstr(error.message, message), "%s", error.message);
    cr_assert_null(strchr(error.message, '\n'));
}

static void read_all(const char *path, char **bytes, size_t *count) {
    cr_assert_eq(fx__file_read(path, 100000, bytes, count, NULL), FX_OK);
}

Test(tensors, reads_the_reference_and_writes_it_again) {
    fx_tensors *tensors = load(GOLDEN);
    const float *data;
    cr_assert_eq(fx__tensors_get(tensors, "b", 2, (size_t[]){2, 3}, &data, NULL), FX_OK);
    for (int i = 0; i < 6; i++) cr_assert_eq(data[i], (float)i / 2);
    cr_assert_eq((size_t)data % 64, 0);
    cr_assert_eq(fx__tensors_get(tensors, "a", 1, (size_t[]){1}, &data, NULL), FX_OK);
    cr_assert_eq(data[0], -1.5F);
    cr_assert_eq(fx__tensors_get(tensors, "scalar", 0, NULL, &data, NULL), FX_OK);
    cr_assert_eq(data[0], 0.25F);
    size_t shape[4];
    cr_assert_eq(fx__tensors_shape(tensors, "none", shape), 2);
    cr_assert(shape[0] == 0 && shape[1] == 4);
    cr_assert_eq(fx__tensors_shape(tensors, "absent", shape), -1);
    cr_assert_str_eq(fx__tensors_text(tensors, "format"), "test");
    cr_assert_str_eq(fx__tensors_text(tensors, "name"), "grün \"1\"");
    cr_assert_null(fx__tensors_text(tensors, "absent"));

    cr_assert_eq(fx__tensors_save(tensors, "again", NULL), FX_OK);
    char *a, *b, sha[65], expected[65];
    size_t count_a, count_b;
    read_all(GOLDEN, &a, &count_a);
    read_all("again", &b, &count_b);
    cr_assert_eq(count_a, count_b);
    cr_assert_eq(memcmp(a, b, count_a), 0);
    cr_assert_eq(fx__tensors_sha256(tensors, sha, NULL), FX_OK);
    cr_assert_str_eq(sha, SHA256Data((const uint8_t *)b, count_b, expected));
    free(a);
    free(b);
    fx__tensors_destroy(tensors);
}

Test(tensors, round_trip_in_order_of_addition) {
    fx_tensors *tensors;
    fx_error error = {0};
    float data[24];
    for (int i = 0; i < 24; i++) data[i] = (float)i;
    cr_assert_eq(fx__tensors_create(&tensors, &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "z", 4, (size_t[]){2, 3, 2, 2}, data, &error), FX_OK);
    cr_assert_eq(fx__tensors_add(tensors, "a\"\\", 1, (size_t[]){5}, data, &error), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "k", "line\nbreak", &error), FX_OK);
    cr_assert_eq(fx__tensors_add_text(tensors, "j", "", &error), FX_OK);

    cr_assert_eq(fx__tensors_add(tensors, "z", 1, (size_t[]){1}, data, &error), FX_ERROR_FORMAT);
    cr_assert_eq(fx__tensors_add(tensors, "__metadata__", 1, (size_t[]){1}, data, &error),
                 FX_ERROR_FORMAT);
    cr_assert_eq(fx__tensors_add_text(tensors, "k", "again", &error), FX_ERROR_FORMAT);
    cr_assert_eq(fx__tensors_add(tensors, "huge", 2, (size_t[]){SIZE_MAX, 2}, data, &error),
                 FX_ERROR_MEMORY);
    cr_assert_eq(fx__tensors_save(tensors, "file", &error), FX_OK);

    fx_tensors *again = load("file");
    const float *got;
    cr_assert_eq(fx__tensors_get(again, "z", 4, (size_t[]){2, 3, 2, 2}, &got, &error), FX_OK);
    cr_assert_eq(memcmp(got, data, sizeof data), 0);
    cr_assert_eq(fx__tensors_get(again, "a\"\\", 1, (size_t[]){5}, &got, &error), FX_OK);
    cr_assert_eq(memcmp(got, data, 5 * sizeof *data), 0);
    cr_assert_str_eq(fx__tensors_text(again, "k"), "line\nbreak");
    char first[65], second[65];
    cr_assert_eq(fx__tensors_sha256(tensors, first, &error), FX_OK);
    cr_assert_eq(fx__tensors_sha256(again, second, &error), FX_OK);
    cr_assert_str_eq(first, second);

    cr_assert_eq(fx__tensors_get(again, "a\"\\", 1, (size_t[]){6}, &got, &error), FX_ERROR_FORMAT);
    cr_assert_str_eq(error.message, "tensor 'a\"\\' has shape [5], expected [6]");
    cr_assert_eq(fx__tensors_get(again, "w", 2, (size_t[]){6, 1}, &got, &error), FX_ERROR_FORMAT);
    cr_assert_str_eq(error.message, "no tensor 'w', expected one of shape [6, 1]");
    fx__tensors_destroy(again);
    fx__tensors_destroy(tensors);
    fx__tensors_destroy(NULL);
}

Test(tensors, nothing_and_metadata_alone) {
    for (int texts = 0; texts < 3; texts++) {
        fx_tensors *tensors;
        cr_assert_eq(fx__tensors_create(&tensors, NULL), FX_OK);
        for (int i = 0; i < texts; i++)
            cr_assert_eq(fx__tensors_add_text(tensors, i ? "b" : "a", "x", NULL), FX_OK);
        cr_assert_eq(fx__tensors_save(tensors, "file", NULL), FX_OK);
        fx__tensors_destroy(tensors);
        tensors = load("file");
        cr_assert_eq(fx__tensors_text(tensors, "b") != NULL, texts == 2);
        fx__tensors_destroy(tensors);
    }
}

Test(tensors, refuses_every_truncation) {
    char *bytes;
    size_t count;
    read_all(GOLDEN, &bytes, &count);
    for (size_t n = 0; n < count; n++) {
        cr_assert_eq(fx__file_write("cut", bytes, n, NULL), FX_OK);
        assert_load_fails("cut", n == 0 ? "empty file" : n < 8 ? "not a safetensors file" : "");
    }
    cr_assert_eq(fx__file_write("cut", bytes, count + 1, NULL), FX_OK);
    assert_load_fails("cut", "33 bytes of data, expected 32 for its tensors");
    free(bytes);
}

// Whatever one changed byte does, it does not crash; where the file loads, it can be used.
Test(tensors, survives_every_changed_byte) {
    char *bytes;
    size_t count;
    read_all(GOLDEN, &bytes, &count);
    for (size_t i = 0; i < count; i++)
        for (int change = 1; change < 256; change *= 4) {
            bytes[i] = (char)(bytes[i] ^ change);
            cr_assert_eq(fx__file_write("changed", bytes, count, NULL), FX_OK);
            bytes[i] = (char)(bytes[i] ^ change);
            fx_tensors *tensors;
            char sha[65];
            fx_error error;
            if (fx__tensors_load("changed", &tensors, &error) != FX_OK) continue;
            cr_assert_eq(fx__tensors_sha256(tensors, sha, NULL), FX_OK);
            fx__tensors_destroy(tensors);
        }
    free(bytes);
}

#define T(shape, begin, end)                                                                       \
    "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

Test(tensors, names_what_is_wrong_in_the_header) {
    static const struct {
        const char *header;
        size_t data;
        const char *message;
    } cases[] = {
        {"{ ", 0, "not valid JSON"},
        {"[]", 0, "not a JSON object"},
        {"{} x", 0, "not valid JSON"},
        {"{\"a\":" T("[1]", "0", "4") ",\"a\":" T("[1]", "0", "4") "}", 4, "duplicate"},
        {"{\"a\":" T("[1]", "0", "4") ",\"b\":" T("[1]", "0", "4") "}", 4,
         "tensor 'b' begins at byte 0 of the data, expected 4 (ranges overlap)"},
        {"{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[1]", "4", "8") "}", 8, "ranges overlap"},
        {"{\"a\":" T("[1]", "0", "4") ",\"b\":" T("[1]", "8", "12") "}", 12, "a hole"},
        {"{\"a\":" T("[1]", "4", "8") "}", 8, "a hole"},
        {"{\"a\":" T("[2]", "0", "8") "}", 4, "truncated?"},
        {"{\"a\":" T("[1]", "0", "8") "}", 8, "has 8 bytes, expected 4 for shape [1]"},
        {"{\"a\":" T("[1]", "4", "0") "}", 4, "data_offsets [4, 0]"},
        {"{\"a\":" T("[1]", "-4", "0") "}", 4, "no data_offsets"},
        {"{\"a\":" T("[1]", "0", "4.0") "}", 4, "no data_offsets"},
        {"{\"a\":" T("[1]", "0", "4,4") "}", 4, "no data_offsets"},
        {"{\"a\":" T("[-1]", "0", "4") "}", 4, "no shape"},
        {"{\"a\":" T("[1,1,1,1,1]", "0", "4") "}", 4, "no shape of at most 4 sizes"},
        {"{\"a\":" T("[9223372036854775807,4]", "0", "4") "}", 4, "too large"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
         "tensor 'a' has dtype 'F16', expected F32"},
        {"{\"a\":[1]}", 4, "is not an object"},
        {"{\"__metadata__\":3}", 0, "metadata is not"},
        {"{\"__metadata__\":{\"a\":3}}", 0, "metadata 'a' is not a string"},
        {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "duplicate"},
        {"{\"a\\u0000b\":" T("[1]", "0", "4") "}", 4, "not valid JSON"},
        {"{\"a\xff\":" T("[1]", "0", "4") "}", 4, "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[500] = {0};
        uint64_t length = strlen(cases[i].header);
        memcpy(file, &length, 8);
        memcpy(file + 8, cases[i].header, length);
        cr_assert_eq(fx__file_write("bad", file, 8 + length + cases[i].data, NULL), FX_OK);
        fx_error error = {0};
        fx_tensors *tensors;
        fx_status status = fx__tensors_load("bad", &tensors, &error);
        cr_assert_neq(status, FX_OK, "%s", cases[i].header);
        cr_assert_not_null(strstr(error.message, cases[i].message), "%s: %s", cases[i].header,
                           error.message);
        cr_assert_eq(strncmp(error.message, "bad: ", 5), 0);
    }
    uint64_t huge[] = {UINT64_MAX, 0};
    cr_assert_eq(fx__file_write("bad", huge, sizeof huge, NULL), FX_OK);
    assert_load_fails("bad", "header of 18446744073709551615 bytes in a file of 16");
}
