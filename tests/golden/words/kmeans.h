// Made by make_kmeans_golden.py with numpy 2.4.6, scikit-learn 1.9.1, faiss 1.15.1.
static const double golden_sklearn_30_mean = 2031.40384;
static const double golden_sklearn_30_deviation = 36.2603667;
static const double golden_sklearn_30_best = 1957.21094;
static const double golden_faiss_30_mean = 2081.68821;
static const double golden_faiss_30_deviation = 45.0815968;
static const double golden_faiss_30_best = 1983.55438;
static const double golden_sklearn_300_mean = 999.900037;
static const double golden_sklearn_300_deviation = 5.47327507;
static const double golden_sklearn_300_best = 991.205139;
static const double golden_faiss_300_mean = 1027.69916;
static const double golden_faiss_300_deviation = 7.36862898;
static const double golden_faiss_300_best = 1013.30659;
