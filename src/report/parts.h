// The parts of a report's page.
#ifndef FEATX_REPORT_PARTS_H
#define FEATX_REPORT_PARTS_H

#include "src/report/page.h"

void fx__put_arm(fx_page *page, size_t arm); // its name
void fx__put_arms_table(fx_page *page);
void fx__put_time_table(fx_page *page);
void fx__put_pairs_table(fx_page *page);
void fx__put_settings(fx_page *page);
void fx__put_time_plot(fx_page *page);
void fx__put_learning_curves(fx_page *page);
void fx__put_templates(fx_page *page);
void fx__put_seen(fx_page *page);
void fx__put_diagnostics(fx_page *page);
void fx__put_confusions(fx_page *page);
void fx__put_worst_mistakes(fx_page *page);
void fx__put_robustness(fx_page *page);
void fx__put_efficiency(fx_page *page);
#endif
