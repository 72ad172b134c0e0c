// featx: descriptors of images.
#include "tools/tool.h"

int main(int argc, char **argv) {
    static const command commands[] = {
        {"extract", COMMAND_EXTRACT, "(--features NAME[,NAME] | --raw) INPUT... -o OUT.npy",
         "Descriptors of image files, folders, a data set, or - (one image on standard input).",
         run_extract},
        {"vocabulary", COMMAND_VOCABULARY, "INPUT... -o VOCABULARY [--words K]",
         "Learns visual words for --features bovw.", run_vocabulary},
        {"list", COMMAND_LIST, "", "Descriptors with their parameters and defaults.", run_list},
    };
    static const tool featx = {"featx", commands, sizeof commands / sizeof *commands, true};
    return tool_main(&featx, argc, argv);
}
