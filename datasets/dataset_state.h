// What the loaders share: the memory behind an fx_dataset, and the catalog's entries.
#ifndef FEATX_DATASETS_DATASET_STATE_H
#define FEATX_DATASETS_DATASET_STATE_H

#include "featx/dataset.h"
#include "src/base/yaml.h"

// A file whose records became the images from `first` on.
typedef struct fx_split_part {
    char *name;
    size_t first;
} fx_split_part;

// One split: images in memory, all of one size, or paths of image files.
typedef struct fx_split_storage {
    size_t count;
    int *labels;                 // [count]
    int width, height, channels; // of the images in memory
    uint8_t *pixels;             // [count, height, width, channels]; NULL where they are files
    fx_split_part *parts;        // [part_count], ascending by `first`
    size_t part_count, part_capacity;
    char **paths; // [count]; NULL where they are in memory
    size_t path_capacity, label_capacity;
} fx_split_storage;

enum { FX_TRAIN, FX_VALIDATION, FX_TEST, FX_SPLITS };

typedef struct fx_dataset_storage {
    char *name;
    int classes;
    char **class_names; // [classes]
    size_t class_capacity;
    fx_split_storage splits[FX_SPLITS];
    size_t ignored;
} fx_dataset_storage;

FX_MUST_CHECK fx_status fx__storage_create(const char *name, fx_dataset_storage **out,
                                           fx_error *error);
void fx__storage_destroy(fx_dataset_storage *storage);
FX_MUST_CHECK fx_status fx__storage_add_class(fx_dataset_storage *storage, const char *name,
                                              fx_error *error);
FX_MUST_CHECK fx_status fx__split_add_part(fx_split_storage *split, const char *name, size_t first,
                                           fx_error *error);
FX_MUST_CHECK fx_status fx__split_add_file(fx_split_storage *split, const char *path, int label,
                                           fx_error *error);
// Hands the storage over to *out.
void fx__storage_publish(fx_dataset_storage *storage, fx_dataset *out);

// *first gets take[c] samples of class c, drawn by the seed, *second the rest; both ascending.
FX_MUST_CHECK fx_status fx__split_by_counts(const int *labels, size_t count, int classes,
                                            const size_t *take, uint64_t seed, uint32_t **first,
                                            size_t *first_count, uint32_t **second,
                                            size_t *second_count, fx_error *error);

typedef enum fx_dataset_format {
    FX_FORMAT_DETECT,
    FX_FORMAT_CIFAR10,
    FX_FORMAT_CIFAR100,
    FX_FORMAT_IDX,
    FX_FORMAT_FOLDER
} fx_dataset_format;
const char *fx__format_name(fx_dataset_format format); // "cifar10", …

// What NAME.yaml says besides where the data come from. All zero: nothing is known.
typedef struct fx_catalog_entry {
    fx_yaml *tree; // owns what the others lend
    fx_dataset_format format;
    const fx_yaml *classes; // a sequence of names, or NULL
    const char *data;       // whose data these are; NULL: its own
    bool coarse;            // cifar100: the 20 coarse classes instead of the 100 fine ones
    bool labels_given;      // by the caller: an error for any other format
    int train_per_class;    // of a folder without splits; 0: test_fraction applies
    float test_fraction;    // 0: none given
} fx_catalog_entry;

// Looks for NAME.yaml in the folders. *found is false, and that is no error, where there is none.
FX_MUST_CHECK fx_status fx__catalog_find(const char *name, const char *const *folders, bool *found,
                                         fx_catalog_entry *out, fx_error *error);
void fx__catalog_entry_destroy(fx_catalog_entry *entry);
// The names of all entries, sorted, without duplicates, in a list that ends with NULL.
FX_MUST_CHECK fx_status fx__catalog_names(const char *const *folders, char ***out, size_t *count,
                                          fx_error *error);

// Names in a folder that pass keep(), sorted by strcmp. Free with fx__names_destroy.
FX_MUST_CHECK fx_status fx__folder_names(const char *path, bool (*keep)(const char *name),
                                         char ***out, size_t *count, fx_error *error);
void fx__names_destroy(char **names, size_t count);
// PATH/NAME; free with free().
FX_MUST_CHECK fx_status fx__path_join(const char *folder, const char *name, char **out,
                                      fx_error *error);

// The loaders fill a fresh storage from a folder.
FX_MUST_CHECK fx_status fx__cifar_load(const char *folder, const fx_catalog_entry *entry,
                                       fx_dataset_format format, fx_dataset_storage *storage,
                                       fx_error *error);
FX_MUST_CHECK fx_status fx__idx_load(const char *folder, const fx_catalog_entry *entry,
                                     fx_dataset_storage *storage, fx_error *error);
FX_MUST_CHECK fx_status fx__image_folder_load(const char *folder, const fx_catalog_entry *entry,
                                              uint64_t seed, fx_dataset_storage *storage,
                                              fx_error *error);
bool fx__idx_is_images(const char *name); // "train-images-idx3-ubyte.gz" and its like
#endif
