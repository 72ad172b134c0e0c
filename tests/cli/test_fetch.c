// datasets/fetch.sh against a server on loopback: each of the catalog's layouts as a small archive,
// fetched by the catalog's own entry with the address and the sum exchanged, and read as that entry
// reads it. The server is a child process that logs requests, honors ranges and can be told to
// break off.
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/dataset_files.h"

static int port;
static pid_t server;
static fx_dataset data;
static fx_error error;

// --- server --------------------------------------------------------------------------------------

static void answer(int connection) {
    char request[4096], path[600] = "www/", header[256];
    size_t length = 0;
    while (length < sizeof request - 1) {
        ssize_t n = recv(connection, request + length, sizeof request - 1 - length, 0);
        if (n <= 0) return;
        length += (size_t)n;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n")) break;
    }
    long first = 0, limit = -1;
    if (sscanf(request, "GET /%500[A-Za-z0-9_.-]", path + 4) != 1) return;
    char *range = strstr(request, "Range: bytes=");
    if (range) first = atol(range + 13);
    FILE *log = fopen("log", "a"), *cut = fopen("cut", "r"), *file = fopen(path, "rb");
    fprintf(log, "%s %ld\n", path + 4, first);
    fclose(log);
    if (cut) { // so many answers end after so many bytes
        int answers = 0;
        if (fscanf(cut, "%d %ld", &answers, &limit) != 2) limit = -1;
        fclose(cut);
        unlink("cut");
        if (answers > 1) {
            cut = fopen("cut", "w");
            fprintf(cut, "%d %ld", answers - 1, limit);
            fclose(cut);
        }
    }
    if (!file) {
        const char *text = "HTTP/1.0 404 Not Found\r\nContent-Length: 4\r\n\r\nnope";
        send(connection, text, strlen(text), 0);
        return;
    }
    long size = (long)file_size(path);
    snprintf(header, sizeof header, "HTTP/1.0 %s\r\nContent-Length: %ld\r\n",
             range ? "206 Partial Content" : "200 OK", size - first);
    send(connection, header, strlen(header), 0);
    if (range) {
        snprintf(header, sizeof header, "Content-Range: bytes %ld-%ld/%ld\r\n", first, size - 1,
                 size);
        send(connection, header, strlen(header), 0);
    }
    send(connection, "\r\n", 2, 0);
    fseek(file, first, SEEK_SET);
    char bytes[4096];
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, file)) > 0;) {
        if (limit >= 0 && (long)n > limit) n = (size_t)limit;
        send(connection, bytes, n, MSG_NOSIGNAL);
        if (limit >= 0 && (limit -= (long)n) == 0) break;
    }
    fclose(file);
}

static void enter(void) {
    folder_enter();
    make_folders("www", "catalog", "root", NULL);
    // One by one: `command -v` of Debian's sh looks at its first name alone.
    if (system("for c in bash curl tar unzip perl; do command -v $c || exit 1; done >/dev/null")) {
        server = 0;
        return;
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(listener, 8), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    port = ntohs(address.sin_port);
    server = fork();
    cr_assert_geq(server, 0);
    if (server == 0) {
        alarm(120); // outlives no test
        for (;;) {
            int connection = accept(listener, NULL, NULL);
            if (connection < 0) _exit(0);
            answer(connection);
            close(connection);
        }
    }
    close(listener);
}

static void leave(void) {
    if (server > 0) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
    }
    fx_dataset_destroy(&data);
    folder_leave();
}

TestSuite(fetch, .init = enter, .fini = leave);

// --- archives ------------------------------------------------------------------------------------

static void run(const char *command) {
    cr_assert_eq(system(command), 0, "%s", command);
}

static void put(FILE *file, uint32_t value, int bytes) {
    for (int b = 0; b < bytes; b++) fputc((int)(value >> 8 * b & 0xFF), file);
}

// A zip of the given files, stored, each under its own path.
static void write_zip(const char *path, const char *const *names) {
    FILE *zip = fopen(path, "wb");
    cr_assert_not_null(zip);
    uint32_t at[64], sizes[64], sums[64], count = 0;
    for (; names[count]; count++) {
        static uint8_t bytes[1 << 17];
        FILE *file = fopen(names[count], "rb");
        cr_assert_not_null(file, "%s", names[count]);
        sizes[count] = (uint32_t)fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        sums[count] = (uint32_t)crc32(0, bytes, sizes[count]);
        at[count] = (uint32_t)ftell(zip);
        put(zip, 0x04034b50, 4);
        put(zip, 10, 2); // version needed
        put(zip, 0, 4);  // flags, method: stored
        put(zip, 0, 2);  // time
        put(zip, 33, 2); // date: 1980-01-01
        put(zip, sums[count], 4);
        put(zip, sizes[count], 4);
        put(zip, sizes[count], 4);
        put(zip, (uint32_t)strlen(names[count]), 2);
        put(zip, 0, 2);
        fputs(names[count], zip);
        fwrite(bytes, 1, sizes[count], zip);
    }
    uint32_t directory = (uint32_t)ftell(zip);
    for (uint32_t i = 0; i < count; i++) {
        put(zip, 0x02014b50, 4);
        put(zip, 10, 2);
        put(zip, 10, 2);
        put(zip, 0, 4);
        put(zip, 0, 2);
        put(zip, 33, 2);
        put(zip, sums[i], 4);
        put(zip, sizes[i], 4);
        put(zip, sizes[i], 4);
        put(zip, (uint32_t)strlen(names[i]), 2);
        put(zip, 0, 4); // extra, comment
        put(zip, 0, 4); // disk, attributes
        put(zip, 0, 4);
        put(zip, at[i], 4);
        fputs(names[i], zip);
    }
    uint32_t end = (uint32_t)ftell(zip);
    put(zip, 0x06054b50, 4);
    put(zip, 0, 4);
    put(zip, count, 2);
    put(zip, count, 2);
    put(zip, end - directory, 4);
    put(zip, directory, 4);
    put(zip, 0, 2);
    cr_assert_eq(fclose(zip), 0);
}

// Puts the catalog's entry NAME into catalog/, its addresses on our server and its sums those of
// the files in www/.
static void publish(const char *name) {
    char path[1200], line[2000], file[600] = "", command[1300], sum[200];
    snprintf(path, sizeof path, "%s/datasets/%s.yaml", FX_SOURCE_DIR, name);
    FILE *in = fopen(path, "r");
    snprintf(path, sizeof path, "catalog/%s.yaml", name);
    FILE *out = fopen(path, "w");
    cr_assert(in && out);
    while (fgets(line, sizeof line, in)) {
        char *url = strstr(line, "url: ");
        char *value = strstr(line, "sha256: ");
        const char *tool = "sha256sum";
        if (!value && (value = strstr(line, "md5: "))) tool = "md5sum";
        if (url) {
            sscanf(strrchr(line, '/') + 1, "%500s", file);
            fprintf(out, "  - url: http://127.0.0.1:%d/%s\n", port, file);
        } else if (value) {
            snprintf(command, sizeof command, "%s www/%s", tool, file);
            FILE *pipe = popen(command, "r");
            cr_assert_eq(fscanf(pipe, "%199s", sum), 1, "%s", command);
            pclose(pipe);
            fprintf(out, "    %s: %s\n", tool[0] == 's' ? "sha256" : "md5", sum);
        } else if (!strstr(line, "mirror: ")) {
            fputs(line, out);
        }
    }
    fclose(in);
    fclose(out);
}

// Runs the script; its messages go to the file `out`. Returns the exit status.
static int fetch(const char *arguments) {
    char command[8192];
    snprintf(command, sizeof command,
             "FEATX_FETCH_CATALOG='%s/catalog' bash '%s/datasets/fetch.sh' %s >out 2>&1 </dev/null",
             folder_path, FX_SOURCE_DIR, arguments);
    int status = system(command);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static bool said(const char *text) {
    static char bytes[65536];
    FILE *file = fopen("out", "r");
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = '\0';
    fclose(file);
    return strstr(bytes, text) != NULL;
}

static int requests(void) {
    FILE *file = fopen("log", "r");
    int count = 0;
    for (int c; file && (c = fgetc(file)) != EOF;) count += c == '\n';
    if (file) fclose(file);
    return count;
}

static fx_status load(const char *name) {
    static const char *const folders[] = {"catalog", NULL};
    fx_dataset_options options = {.data_root = "root", .catalog_folders = folders};
    return fx_dataset_load(name, &options, &data, &error);
}

#define need_server()                                                                              \
    do {                                                                                           \
        if (server == 0) cr_skip_test("bash, curl, tar, unzip or perl is missing");                \
    } while (0)
#define assert_fetches(name)                                                                       \
    do {                                                                                           \
        int status_ = fetch(name " root");                                                         \
        if (status_ != 0) run("cat out >&2");                                                      \
        cr_assert_eq(status_, 0);                                                                  \
        cr_assert_eq(load(name), FX_OK, "%s", error.message);                                      \
        cr_assert_eq(folder_entries("root"), 1); /* nothing of the work is left */                 \
    } while (0)

// --- layouts -------------------------------------------------------------------------------------

static void publish_cifar10(void) {
    write_cifar10_folder("cifar-10-batches-bin");
    run("tar -czf www/cifar-10-binary.tar.gz cifar-10-batches-bin");
    publish("cifar10");
}

Test(fetch, cifar10_and_again_at_no_cost) {
    need_server();
    publish_cifar10();
    assert_fetches("cifar10");
    cr_assert_eq(data.train.images.count, 5);
    cr_assert_eq(requests(), 1);
    cr_assert_eq(fetch("cifar10 root"), 0);
    cr_assert(said("root/cifar10 is already there"));
    cr_assert_eq(requests(), 1);
}

Test(fetch, what_reads_the_data_of_another_gets_that) {
    need_server();
    publish_cifar10();
    run("printf 'format: cifar10\\ndata: cifar10\\n' >catalog/ten.yaml");
    cr_assert_eq(fetch("ten root"), 0);
    cr_assert_eq(load("ten"), FX_OK, "%s", error.message);
    cr_assert_eq(folder_entries("root"), 1);
    cr_assert_eq(fetch("ten root"), 0);
    cr_assert(said("root/cifar10 is already there"));
}

Test(fetch, idx_files_as_they_are) {
    need_server();
    write_idx_folder("files", ".gz");
    run("mv files/* www/");
    publish("fashion-mnist");
    assert_fetches("fashion-mnist");
    cr_assert_eq(data.train.images.count, 5);
    cr_assert_str_eq(data.class_names[9], "Ankle boot");
    cr_assert_eq(requests(), 4);
}

Test(fetch, eurosat) {
    need_server();
    make_folders("2750", NULL);
    write_class_folder("2750", "Forest", 5);
    write_class_folder("2750", "River", 5);
    write_zip("www/EuroSAT.zip",
              (const char *[]){"2750/Forest/00.ppm", "2750/Forest/01.ppm", "2750/Forest/02.PGM",
                               "2750/Forest/03.ppm", "2750/Forest/04.ppm", "2750/River/00.ppm",
                               "2750/River/01.ppm", "2750/River/02.PGM", "2750/River/03.ppm",
                               "2750/River/04.ppm", NULL});
    publish("eurosat");
    assert_fetches("eurosat");
    cr_assert_eq(data.classes, 2);
    cr_assert_eq(data.train.images.count, 8);
    cr_assert_eq(data.test.images.count, 2);
}

Test(fetch, caltech101) {
    need_server();
    make_folders("101_ObjectCategories", "caltech-101", NULL);
    write_class_folder("101_ObjectCategories", "BACKGROUND_Google", 3);
    write_class_folder("101_ObjectCategories", "anchor", 33);
    write_class_folder("101_ObjectCategories", "ant", 12);
    run("tar -czf caltech-101/101_ObjectCategories.tar.gz 101_ObjectCategories");
    write_file("caltech-101/Annotations.tar", "not unpacked", 12);
    write_zip("www/caltech-101.zip", (const char *[]){"caltech-101/101_ObjectCategories.tar.gz",
                                                      "caltech-101/Annotations.tar", NULL});
    publish("caltech101");
    assert_fetches("caltech101");
    cr_assert_eq(data.classes, 2);
    cr_assert_str_eq(data.class_names[0], "anchor");
    cr_assert_eq(data.train.images.count, 30 + 11);
    cr_assert_eq(data.test.images.count, 3 + 1);
}

Test(fetch, gtsrb) {
    need_server();
    make_folders("GTSRB", "GTSRB/Final_Training", "GTSRB/Final_Training/Images", "GTSRB/Final_Test",
                 "GTSRB/Final_Test/Images", NULL);
    write_class_folder("GTSRB/Final_Training/Images", "00000", 2);
    write_class_folder("GTSRB/Final_Training/Images", "00001", 1);
    write_file("GTSRB/Final_Training/Images/00001/GT-00001.csv", "x", 1);
    write_image("GTSRB/Final_Test/Images/00000.ppm", 5, 5, 3, 1);
    write_image("GTSRB/Final_Test/Images/00001.ppm", 6, 5, 3, 2);
    write_image("GTSRB/Final_Test/Images/00002.ppm", 7, 5, 3, 3);
    const char *labels = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n"
                         "00000.ppm;5;5;0;0;5;5;1\r\n00001.ppm;6;5;0;0;6;5;0\r\n"
                         "00002.ppm;7;5;0;0;7;5;1\r\n";
    write_file("GT-final_test.csv", labels, strlen(labels));
    write_zip("www/GTSRB_Final_Training_Images.zip",
              (const char *[]){"GTSRB/Final_Training/Images/00000/00.ppm",
                               "GTSRB/Final_Training/Images/00000/01.ppm",
                               "GTSRB/Final_Training/Images/00001/00.ppm",
                               "GTSRB/Final_Training/Images/00001/GT-00001.csv", NULL});
    write_zip("www/GTSRB_Final_Test_Images.zip",
              (const char *[]){"GTSRB/Final_Test/Images/00000.ppm",
                               "GTSRB/Final_Test/Images/00001.ppm",
                               "GTSRB/Final_Test/Images/00002.ppm", NULL});
    write_zip("www/GTSRB_Final_Test_GT.zip", (const char *[]){"GT-final_test.csv", NULL});
    publish("gtsrb");
    assert_fetches("gtsrb");
    cr_assert_eq(data.train.images.count, 3);
    cr_assert_eq(data.test.images.count, 3);
    cr_assert_eq(data.ignored, 0);
    // Sorted by class: 00001.ppm, then 00000.ppm and 00002.ppm, known by their widths.
    const int labels_expected[] = {0, 1, 1}, widths[] = {6, 5, 7};
    cr_assert_arr_eq(data.test.labels, labels_expected, sizeof labels_expected);
    fx_image image = {0};
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(data.test.images.get(data.test.images.self, i, &image, &error), FX_OK);
        cr_assert_eq(image.width, widths[i]);
    }
    fx_image_destroy(&image);

    // A label for a file that is not there is not passed over.
    run("rm -r root/gtsrb && sed -i s/00002/00003/ GT-final_test.csv");
    write_zip("www/GTSRB_Final_Test_GT.zip", (const char *[]){"GT-final_test.csv", NULL});
    publish("gtsrb");
    cr_assert_eq(fetch("gtsrb root"), 1);
    cr_assert(said("00003.ppm: No such file"));
    cr_assert_neq(access("root/gtsrb", F_OK), 0);
}

Test(fetch, stl10) {
    need_server();
    enum { SIDE = 96, BYTES = 3 * SIDE * SIDE };
    static uint8_t images[2 * BYTES];
    for (int i = 0; i < 2; i++)
        for (int c = 0; c < 3; c++)
            for (int x = 0; x < SIDE; x++)
                for (int y = 0; y < SIDE; y++)
                    images[((i * 3 + c) * SIDE + x) * SIDE + y] = (uint8_t)(i + 40 * c + x + 3 * y);
    make_folders("stl10_binary", NULL);
    write_file("stl10_binary/train_X.bin", images, 2 * BYTES);
    write_file("stl10_binary/train_y.bin", "\12\1", 2);
    write_file("stl10_binary/test_X.bin", images + BYTES, BYTES);
    write_file("stl10_binary/test_y.bin", "\3", 1);
    write_file("stl10_binary/unlabeled_X.bin", images, 2 * BYTES);
    write_file("stl10_binary/class_names.txt", "airplane\n", 9);
    run("tar -czf www/stl10_binary.tar.gz stl10_binary");
    publish("stl10");
    assert_fetches("stl10");
    cr_assert_eq(data.train.images.count, 2);
    cr_assert_eq(data.test.images.count, 1);
    cr_assert_eq(data.classes, 10);
    cr_assert(data.train.labels[0] == 9 && data.train.labels[1] == 0 && data.test.labels[0] == 2);
    fx_image image = {0};
    cr_assert_eq(data.train.images.get(data.train.images.self, 1, &image, &error), FX_OK);
    cr_assert(image.width == SIDE && image.height == SIDE && image.channels == 3);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            for (int c = 0; c < 3; c++)
                cr_assert_eq(image.pixels[(y * SIDE + x) * 3 + c],
                             (uint8_t)(1 + 40 * c + x + 3 * y));
    fx_image_destroy(&image);

    run("rm -r root/stl10");
    write_file("stl10_binary/train_y.bin", "\12\13", 2);
    run("tar -czf www/stl10_binary.tar.gz stl10_binary");
    publish("stl10");
    cr_assert_eq(fetch("stl10 root"), 1);
    cr_assert(said("train_y.bin: labels that are not 1 to 10"));
}

// --- what can go wrong ---------------------------------------------------------------------------

Test(fetch, resumes_where_it_was_cut_off) {
    need_server();
    publish_cifar10();
    write_file("cut", "3 100", 5);
    cr_assert_eq(fetch("cifar10 root"), 1); // three tries of 100 bytes each
    cr_assert(said("cannot be downloaded"));
    cr_assert_neq(access("root/cifar10", F_OK), 0);
    cr_assert_eq(file_size("root/.cifar10.fetch/download/cifar-10-binary.tar.gz.part"), 300);
    assert_fetches("cifar10");
    run("tail -1 log | grep -qx 'cifar-10-binary.tar.gz 300'");
    cr_assert_eq(requests(), 4);
}

// What was left behind belongs to another file: the sum tells, and it starts again.
Test(fetch, does_not_trust_what_was_left) {
    need_server();
    publish_cifar10();
    make_folders("root/.cifar10.fetch", "root/.cifar10.fetch/download", NULL);
    write_file("root/.cifar10.fetch/download/cifar-10-binary.tar.gz.part", "something else", 14);
    assert_fetches("cifar10");
    cr_assert_eq(requests(), 2);
}

Test(fetch, wrong_sum) {
    need_server();
    publish_cifar10();
    run("sed -i 's/sha256: ..../sha256: 0000/' catalog/cifar10.yaml");
    cr_assert_eq(fetch("cifar10 root"), 1);
    cr_assert(said("cifar-10-binary.tar.gz: SHA-256 "));
    cr_assert(said(", expected 0000"));
    cr_assert_neq(access("root/cifar10", F_OK), 0);
}

Test(fetch, mirror_after_404) {
    need_server();
    publish_cifar10();
    char command[400];
    snprintf(command, sizeof command,
             "sed -i 's|url: .*|url: http://127.0.0.1:%d/gone.tar.gz\\n    mirror: "
             "http://127.0.0.1:%d/cifar-10-binary.tar.gz|' catalog/cifar10.yaml",
             port, port);
    run(command);
    assert_fetches("cifar10");
    unlink("www/cifar-10-binary.tar.gz");
    run("rm -r root/cifar10");
    cr_assert_eq(fetch("cifar10 root"), 1);
    cr_assert(said("404"));
    cr_assert(said("cannot be downloaded"));
}

// Members that point outside do not get there, nor do links.
Test(fetch, hostile_archives) {
    need_server();
    write_cifar10_folder("cifar-10-batches-bin");
    write_file("victim", "safe", 4);
    run("ln -s ../../../victim cifar-10-batches-bin/link.bin");
    run("tar -cPzf www/cifar-10-binary.tar.gz cifar-10-batches-bin "
        "--transform='s|.*data_batch_2.bin|../../../victim|'");
    publish("cifar10");
    cr_assert_eq(fetch("cifar10 root"), 1);
    cr_assert_eq(file_size("victim"), 4);
    cr_assert(said("cannot be unpacked"));
    cr_assert_neq(access("root/cifar10", F_OK), 0);
    run("rm -r cifar-10-batches-bin");
    publish_cifar10();
    run("ln -s ../../../victim cifar-10-batches-bin/link.bin");
    run("tar -czf www/cifar-10-binary.tar.gz cifar-10-batches-bin");
    publish("cifar10");
    run("rm -r root/.cifar10.fetch");
    assert_fetches("cifar10");
    cr_assert_neq(access("root/cifar10/link.bin", F_OK), 0);
}

Test(fetch, usage) {
    need_server();
    publish_cifar10();
    cr_assert_eq(fetch(""), 2);
    cr_assert(said("usage: fetch.sh NAME [DATA_ROOT], with NAME one of: cifar10"));
    cr_assert_eq(fetch("cifar1O root"), 2);
    cr_assert(said("cifar1O: no such data set, expected one of: cifar10"));
    cr_assert_eq(fetch("../catalog/cifar10 root"), 2);
    cr_assert_eq(fetch("cifar10 file/below"), 0); // folders are made
    run("mkdir xdg && FEATX_FETCH_CATALOG=catalog XDG_DATA_HOME=xdg FEATX_DATA= bash "
        "'" FX_SOURCE_DIR "/datasets/fetch.sh' cifar10 2>out");
    cr_assert_eq(access("xdg/featx/cifar10/test_batch.bin", F_OK), 0);
}
