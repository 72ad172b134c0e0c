// featx: descriptors of images.
#include "tools/tool.h"

int main(int argc, char **argv) {
    static const command commands[] = {
        {"extract", COMMAND_EXTRACT, "(--features NAME[,NAME] | --raw) INPUT... -o OUT.npy",
         "Descriptors of image files, folders, a data set, or - (one image on standard input).",
         run_extract},
        {"vocabulary", COMMAND_VOCABULARY, "INPUT... -o VOCABULARY [--words K]",
         "Learns visual words for --features bovw.", run_vocabulary},
        {"show", COMMAND_SHOW, "(--features NAME | --raw) IMAGE -o PICTURE.png",
         "What a descriptor sees: strokes along edges, bars in their colors, visual words.",
         run_show},
        {"search", COMMAND_SEARCH, "--index X.npy IMAGE... [-k N] [--distance NAME] [-o SHEET.png]",
         "Nearest images by descriptor; the sheet is a PNG or an HTML page.", run_search},
        {"list", COMMAND_LIST, "", "Descriptors with their parameters and defaults.", run_list},
    };
    static const tool featx = {"featx", commands, sizeof commands / sizeof *commands, true};
    return tool_main(&featx, argc, argv);
}
