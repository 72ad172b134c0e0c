// The style sheet of a page.
#ifndef FEATX_REPORT_STYLE_H
#define FEATX_REPORT_STYLE_H

extern const char *const fx__report_style[]; // NULL-terminated parts
#endif
