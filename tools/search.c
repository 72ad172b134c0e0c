// featx search: nearest images by descriptor.
#include "featx/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/base/file.h"
#include "src/base/memory.h"
#include "src/experiment/metrics.h"
#include "src/report/contact_sheet.h"
#include "tools/data.h"
#include "tools/inputs.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/tool.h"

enum { NEIGHBORS = 10, NAME_BYTES = 4096 };

typedef struct searcher {
    const options *options;
    fx_index *index;
    fx_distance distance;
    size_t k, count; // images searched by
    fx_match *matches;
    fx_text json;
    fx_sheet *sheet; // NULL where none is wanted
    inputs images;   // --images, or none
    size_t blanks;   // of the sheet
} searcher;

static bool ends_in(const char *path, const char *extension) {
    size_t length = strlen(path), tail = strlen(extension);
    return length > tail && strcmp(path + length - tail, extension) == 0;
}

static fx_status check_usage(const options *options, fx_error *error) {
    if (!options->index)
        return fx_error_set(error, FX_ERROR_USAGE,
                            "search: nothing to search, expected --index X.npy, made by featx "
                            "--features NAME INPUT... -o X.npy");
    FX__TRY(options_expect_arguments(options, 1, SIZE_MAX, "IMAGE...: image files, folders or -",
                                     error));
    if (options->output && !ends_in(options->output, ".png") && !ends_in(options->output, ".html"))
        return fx_error_set(error, FX_ERROR_USAGE,
                            "-o: found '%s', expected a name that ends in .png or .html",
                            options->output);
    return FX_OK;
}

// "row 17" where the index has no paths.
static const char *name_of(const searcher *s, size_t row, char out[32]) {
    const char *path = fx_index_path(s->index, row);
    if (path) return path;
    snprintf(out, 32, "row %zu", row);
    return out;
}

static void print_matches(const searcher *s, const char *query, size_t found) {
    char row[32];
    print_escaped(stdout, query);
    printf("\n");
    for (size_t i = 0; i < found; i++) {
        const char *class_name = fx_index_class_name(s->index, s->matches[i].row);
        printf("%4zu  %-12.7g  ", i + 1, s->matches[i].distance);
        print_escaped(stdout, name_of(s, s->matches[i].row, row));
        if (class_name) {
            printf("  (");
            print_escaped(stdout, class_name);
            printf(")");
        }
        printf("\n");
    }
}

static fx_status json_or_null(fx_text *text, const char *value, fx_error *error) {
    return value ? fx__text_json_string(text, value, error) : fx__text_printf(text, error, "null");
}

static fx_status add_json(searcher *s, const char *query, size_t found, double seconds,
                          fx_error *error) {
    fx_text *text = &s->json;
    FX__TRY(fx__text_printf(text, error, "%s\n {\"path\": ", s->count ? "," : ""));
    FX__TRY(fx__text_json_string(text, query, error));
    FX__TRY(fx__text_printf(text, error, ", \"seconds\": %.6f, \"matches\": [", seconds));
    for (size_t i = 0; i < found; i++) {
        size_t row = s->matches[i].row;
        FX__TRY(
            fx__text_printf(text, error, "%s\n  {\"row\": %zu, \"distance\": ", i ? "," : "", row));
        FX__TRY(fx__text_json_number(text, s->matches[i].distance, error));
        FX__TRY(fx__text_printf(text, error, ", \"path\": "));
        FX__TRY(json_or_null(text, fx_index_path(s->index, row), error));
        FX__TRY(fx__text_printf(text, error, ", \"class\": "));
        FX__TRY(json_or_null(text, fx_index_class_name(s->index, row), error));
        FX__TRY(fx__text_printf(text, error, "}"));
    }
    return fx__text_printf(text, error, "]}");
}

// The image of a row in the data set, where that is the one that the row was made of.
static bool load_record(const searcher *s, size_t row, const char *path, fx_image *out) {
    const fx_image_source *images = &s->images.images;
    char name[NAME_BYTES], plain[2 * NAME_BYTES];
    if (row >= images->count) return false;
    images->name(images->self, row, name, sizeof name);
    escape_text(name, plain, sizeof plain);
    return strcmp(plain, path) == 0 && images->get(images->self, row, out, NULL) == FX_OK;
}

// The image of a row: as the path stands, beside the index or of --images. False where it cannot be
// had: it may lie within a data set that was not named, or be gone.
static bool load_match(const searcher *s, size_t row, fx_image *out) {
    const char *path = fx_index_path(s->index, row), *index = s->options->index;
    if (!path) return false;
    if (fx__is_file(path)) return fx_image_load(path, out, NULL) == FX_OK;
    const char *slash = strrchr(index, '/');
    char beside[2 * NAME_BYTES];
    int length = snprintf(beside, sizeof beside, "%.*s%s", slash ? (int)(slash - index) + 1 : 0,
                          index, path);
    if (length < (int)sizeof beside && fx__is_file(beside))
        return fx_image_load(beside, out, NULL) == FX_OK;
    return load_record(s, row, path, out);
}

static fx_status add_to_sheet(searcher *s, const char *query, const fx_image *image, size_t found,
                              fx_error *error) {
    fx_image match = {0};
    char row[32], note[400];
    fx_status status = fx__sheet_add(s->sheet, true, image, query, "", error);
    for (size_t i = 0; i < found && status == FX_OK; i++) {
        const char *class_name = fx_index_class_name(s->index, s->matches[i].row);
        snprintf(note, sizeof note, "%.4g%s%.300s", s->matches[i].distance, class_name ? ", " : "",
                 class_name ? class_name : "");
        bool loaded = load_match(s, s->matches[i].row, &match);
        if (!loaded) s->blanks++;
        status = fx__sheet_add(s->sheet, false, loaded ? &match : NULL,
                               name_of(s, s->matches[i].row, row), note, error);
    }
    fx_image_destroy(&match);
    return status;
}

static fx_status search_image(searcher *s, inputs *inputs, size_t i, fx_error *error) {
    char name[NAME_BYTES];
    fx_image image = {0};
    size_t found;
    double began = seconds_now();
    inputs->images.name(inputs->images.self, i, name, sizeof name);
    fx_status status = inputs->images.get(inputs->images.self, i, &image, error);
    if (status == FX_OK) {
        status = fx_index_search(s->index, &image, s->distance, s->k, s->matches, &found, error);
        if (status != FX_OK) status = fx__error_prefix(error, status, "%s", name);
    }
    if (status == FX_ERROR_MEMORY) goto done;
    if (status != FX_OK) {
        if (s->options->on_error == FX_ON_ERROR_SKIP) {
            fx_error reason = error ? *error : (fx_error){0};
            inputs_report(inputs, i, &reason);
            status = FX_OK;
        }
        goto done;
    }
    if (s->options->json)
        FX__TRY_GOTO(add_json(s, name, found, seconds_now() - began, error));
    else
        print_matches(s, name, found);
    if (s->sheet) FX__TRY_GOTO(add_to_sheet(s, name, &image, found, error));
    s->count++;
done:
    fx_image_destroy(&image);
    return status;
}

static fx_status save_sheet(const searcher *s, fx_error *error) {
    const char *path = s->options->output;
    char title[200];
    if (s->blanks > 0)
        fprintf(stderr, "featx: %zu of the images found cannot be read and are blank%s\n",
                s->blanks,
                s->options->images ? "" : "; of a data set they are there with --images DATASET");
    if (ends_in(path, ".png")) return fx__sheet_save_png(s->sheet, path, error);
    snprintf(title, sizeof title, "Nearest images by %s", fx_distance_name(s->distance));
    return fx__sheet_save_html(s->sheet, title, path, error);
}

fx_status run_search(const options *options, fx_error *error) {
    FX__TRY(check_usage(options, error));
    fx_status status = FX_OK;
    inputs inputs = {0};
    searcher s = {.options = options, .distance = FX_DISTANCE_L2};
    if (options->distance) FX__TRY(fx_distance_parse(options->distance, &s.distance, error));
    if (options->output) FX__TRY(check_output(options->output, error));
    FX__TRY_GOTO(fx_index_open(options->index, options->vocabulary, &s.index, error));
    FX__TRY_GOTO(inputs_open(options, options->arguments, options->argument_count, INPUTS_FILES, 0,
                             &inputs, error));
    if (options->images)
        FX__TRY_GOTO(inputs_open(options, &options->images, 1, INPUTS_DATASETS,
                                 fx_model_defaults().seed, &s.images, error));
    s.k = options->neighbors ? (size_t)options->neighbors : NEIGHBORS;
    if (s.k > fx_index_count(s.index)) s.k = fx_index_count(s.index);
    FX__TRY_GOTO(fx__allocate(s.k, sizeof *s.matches, &s.matches, error));
    if (options->output) FX__TRY_GOTO(fx__sheet_create(s.k + 1, &s.sheet, error));
    if (options->json) {
        FX__TRY_GOTO(fx__text_printf(&s.json, error, "{\"index\": "));
        FX__TRY_GOTO(fx__text_json_string(&s.json, options->index, error));
        FX__TRY_GOTO(fx__text_printf(&s.json, error,
                                     ", \"count\": %zu, \"length\": %zu, \"distance\": \"%s\", "
                                     "\"queries\": [",
                                     fx_index_count(s.index), fx_index_length(s.index),
                                     fx_distance_name(s.distance)));
    }
    for (size_t i = 0; i < inputs.count; i++) {
        FX__TRY_GOTO(search_image(&s, &inputs, i, error));
        if (!fx_progress_report(progress_get(), "search", i + 1, inputs.count, NULL)) {
            status = fx_error_set(error, FX_ERROR_INTERRUPTED, "interrupted");
            goto done;
        }
    }
    if (s.count == 0) {
        status = fx_error_set(error, FX_ERROR_DATA, "none of %zu images can be searched by",
                              inputs.count);
        goto done;
    }
    if (options->json) {
        FX__TRY_GOTO(fx__text_printf(&s.json, error, "]}"));
        FX__TRY_GOTO(print_json(&s.json, error));
    }
    progress_end();
    if (s.sheet) status = save_sheet(&s, error);
done:
    fx__sheet_destroy(s.sheet);
    fx__text_destroy(&s.json);
    free(s.matches);
    inputs_close(&inputs);
    inputs_close(&s.images);
    fx_index_destroy(s.index);
    return status;
}
