// Printing.
#include "tools/output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "src/base/file.h"
#include "src/base/memory.h"

// One character of UTF-8 text, or its escape, into out; returns the bytes consumed.
static size_t escape_one(const unsigned char *at, char out[5]) {
    bool c1 = at[0] == 0xC2 && at[1] >= 0x80 && at[1] < 0xA0;
    if (at[0] == '\n' || at[0] == '\t' || at[0] == '\r')
        snprintf(out, 5, "\\%c", at[0] == '\n' ? 'n' : at[0] == '\t' ? 't' : 'r');
    else if (c1)
        snprintf(out, 5, "\\x%02x", at[1]);
    else if (at[0] < 0x20 || at[0] == 0x7F)
        snprintf(out, 5, "\\x%02x", at[0]);
    else
        snprintf(out, 5, "%c", at[0]);
    return c1 ? 2 : 1;
}

void escape_text(const char *text, char *out, size_t size) {
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        char piece[5];
        at += escape_one(at, piece);
        size_t length = strlen(piece);
        if (used + length + 1 > size) break;
        memcpy(out + used, piece, length);
        used += length;
    }
    if (size > 0) out[used] = '\0';
}

void escape_markdown(const char *text, char *out, size_t size) {
    size_t used = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        char piece[6] = "\\";
        bool markup = strchr("\\`*_{}[]<>#|~&$", *at);
        at += escape_one(at, piece + markup);
        size_t length = strlen(piece);
        if (used + length + 1 > size) break;
        memcpy(out + used, piece, length);
        used += length;
    }
    if (size > 0) out[used] = '\0';
}

void print_escaped(FILE *file, const char *text) {
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        char piece[5];
        at += escape_one(at, piece);
        fputs(piece, file);
    }
}

void print_csv_field(FILE *file, const char *text) {
    bool quote = strpbrk(text, "\",") || text[0] == ' ';
    if (quote) fputc('"', file);
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        char piece[5];
        at += escape_one(at, piece);
        if (piece[0] == '"') fputc('"', file);
        fputs(piece, file);
    }
    if (quote) fputc('"', file);
}

const char *format_count(unsigned long long value, char out[32]) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", value), used = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}

const char *format_bytes(unsigned long long bytes, char out[32]) {
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    int unit = 0;
    for (; value >= 1000 && unit < 4; unit++) value /= 1000;
    snprintf(out, 32, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return out;
}

fx_status print_json(const fx_text *text, fx_error *error) {
    fwrite(text->data, 1, text->length, stdout);
    fputc('\n', stdout);
    return flush_output(error);
}

fx_status flush_output(fx_error *error) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return FX_OK;
    return fx_error_set(error, FX_ERROR_IO, "standard output: cannot write: %s",
                        errno ? strerror(errno) : "an earlier write failed");
}

fx_status check_output(const char *path, fx_error *error) {
    struct stat info;
    if (strcmp(path, "-") == 0) return FX_OK;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return FX_OK;
    fx_writer writer;
    FX__TRY(fx__writer_open(path, &writer, error));
    fx__writer_abort(&writer);
    return FX_OK;
}
