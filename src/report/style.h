// The style sheet of a page.
#ifndef FEATX_REPORT_STYLE_H
#define FEATX_REPORT_STYLE_H

extern const char fx__report_style[];
#endif
