// featx show: a picture for every descriptor, and what it refuses.
#include "tests/cli/cli.h" // first: it asks for nftw

TestSuite(cli_show, .init = cli_begin, .fini = cli_end);

static void check_picture(const char *command, int width, int height) {
    cli_result result = run(command, NULL);
    cr_assert_eq(result.status, 0, "%s: %s", command, result.err);
    cr_expect_str_eq(result.out, "");
    fx_image picture = {0};
    cr_assert_eq(fx_image_load("out.png", &picture, NULL), FX_OK);
    cr_expect(picture.width == width && picture.height == height, "%s: %d×%d", command,
              picture.width, picture.height);
    fx_image_destroy(&picture);
    cr_assert_eq(remove("out.png"), 0);
}

Test(cli_show, every_descriptor) {
    write_image("image.png", 40, 32, (const uint8_t[]){90, 120, 60}, true, 1);
    check_picture("featx show --raw image.png -o out.png", 280, 224);
    check_picture("featx show --raw --set image.size=8 image.png -o out.png", 256, 256);
    check_picture("featx show --features hog image.png -o out.png", 80, 64);
    check_picture("featx show --features hog --set hog.preset=vlfeat-uoctti image.png -o out.png",
                  80, 64);
    check_picture("featx show --features hog --set image.size=64 image.png -o out.png", 128, 128);
    check_picture("featx show --features color image.png -o out.png", 768, 512);
    check_picture("featx show --features color --set color.levels=3 image.png -o out.png", 768,
                  1024);
    cli_result result =
        run("featx vocabulary image.png --words 5 --set bovw.patch=6 -o words", NULL);
    cr_assert_eq(result.status, 0, "%s", result.err);
    check_picture("featx show --features bovw --vocabulary words image.png -o out.png",
                  40 * 13 + 8 + 32 + 64 + 160, 512);
}

Test(cli_show, usage) {
    write_image("image.png", 40, 32, (const uint8_t[]){90, 120, 60}, true, 1);
    static const struct {
        const char *command;
        int status;
        const char *text;
    } cases[] = {
        {"featx show", 2, "--features"},
        {"featx show --features hog", 2, "IMAGE"},
        {"featx show --features hog image.png", 2, "-o PICTURE.png"},
        {"featx show --features hog image.png -o out.jpg", 2, "-o PICTURE.png"},
        {"featx show --features hog,color image.png -o out.png", 2, "found 2 descriptors"},
        {"featx show --features bovw image.png -o out.png", 2, "--vocabulary"},
        {"featx show --raw --set raw.whiten=zca image.png -o out.png", 2, "raw.whiten"},
        {"featx show --features hog missing.png -o out.png", 1, "missing.png"},
        {"featx show --features color --set color.range=[9,3] image.png -o out.png", 2,
         "color.range: found [9, 3]"},
        {"featx show --features color --set color.grid=33 image.png -o out.png", 1, "image.png"},
        {"featx show --features hog --set image.size=4 --set hog.pixels_per_cell=8 image.png -o "
         "out.png",
         1, "4×4 pixels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cli_result result = run(cases[i].command, NULL);
        expect_failure(result, cases[i].status, cases[i].text);
    }
    cr_expect(access("out.png", F_OK) != 0);
}
