# One program and one ctest for each tests/{unit,property,golden,cli}/test_*.c.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)

# Waiting threads sleep: several tests run at once, and their threads are more than the cores.
set(FX_TEST_ENVIRONMENT OMP_WAIT_POLICY=passive)
if(FX_SANITIZE)
  set(FX_REPORTS ${PROJECT_BINARY_DIR}/sanitizer-reports)
  foreach(mode begin check)
    add_test(NAME sanitizer_reports_${mode} COMMAND ${CMAKE_COMMAND} -DMODE=${mode}
      -DFOLDER=${FX_REPORTS} -P ${PROJECT_SOURCE_DIR}/tests/support/sanitizer_reports.cmake)
  endforeach()
  set_tests_properties(sanitizer_reports_begin PROPERTIES FIXTURES_SETUP sanitizer_reports)
  set_tests_properties(sanitizer_reports_check PROPERTIES FIXTURES_CLEANUP sanitizer_reports)
endif()

# What every test needs of ctest: time, environment and, under the sanitizers, the fixtures.
function(fx_test_properties name)
  set(environment ${FX_TEST_ENVIRONMENT})
  set(seconds 300)
  if(FX_SANITIZE)
    set(seconds 900)
    set(log "log_path='${FX_REPORTS}/${name}':exitcode=99")
    list(APPEND environment
      "ASAN_OPTIONS=${log}:detect_leaks=1:allocator_may_return_null=1"
      "UBSAN_OPTIONS=${log}:print_stacktrace=1"
      "LSAN_OPTIONS=suppressions='${PROJECT_SOURCE_DIR}/tests/support/lsan.supp':print_suppressions=0")
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED sanitizer_reports)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${seconds} ENVIRONMENT "${environment}")
endfunction()

function(fx_test_program source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE FX_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    FX_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE featx PkgConfig::CRITERION OpenMP::OpenMP_C m)
  add_test(NAME ${name} COMMAND ${name} ${ARGN})
endfunction()

file(GLOB sources CONFIGURE_DEPENDS tests/unit/test_*.c tests/property/test_*.c
  tests/golden/test_*.c tests/cli/test_*.c)
if(FX_SANITIZE) # minutes of training, which other tests do under the sanitizers
  list(FILTER sources EXCLUDE REGEX "test_lecture_(features|networks)\\.c$")
endif()
foreach(source ${sources})
  fx_test_program(${source})
  get_filename_component(name ${source} NAME_WE)
  fx_test_properties(${name})
  if(source MATCHES "/cli/")
    add_dependencies(${name} programs)
  endif()
  if(name MATCHES "^test_lecture")
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:lecture_claims>)
  endif()
  if(name MATCHES "^test_lecture" AND source MATCHES "/property/")
    set_tests_properties(${name} PROPERTIES TIMEOUT 900) # minutes of training
    # Calls of these go through tests/support/sabotage.h.
    foreach(function fx_mlp_create fx_train fx_train_resumable fx_color_extract fx_hog_extract
        fx_kmeans)
      target_link_options(${name} PRIVATE -Wl,--wrap=${function})
    endforeach()
  endif()
endforeach()

# What a processor without AVX-512 works out: the sources that have kernels for it, without them.
function(fx_portable_test path)
  get_filename_component(name ${path} NAME)
  add_executable(${name}_portable tests/${path}.c ${ARGN})
  target_include_directories(${name}_portable PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name}_portable PRIVATE FX_NO_DISPATCH)
  target_link_libraries(${name}_portable PRIVATE featx PkgConfig::CRITERION OpenMP::OpenMP_C m)
  add_test(NAME ${name}_portable COMMAND ${name}_portable)
  fx_test_properties(${name}_portable)
endfunction()
file(GLOB hog_sources CONFIGURE_DEPENDS features/hog*.c)
file(GLOB product_sources CONFIGURE_DEPENDS src/base/block_product*.c)
fx_portable_test(unit/test_hog ${hog_sources})
fx_portable_test(unit/test_block_product ${product_sources})
fx_portable_test(property/test_training_threads ${product_sources})

# Races of threads in training, seen by clang's thread sanitizer. It knows OpenMP through Archer.
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  execute_process(COMMAND ${CMAKE_C_COMPILER} -print-resource-dir OUTPUT_VARIABLE FX_CLANG
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  find_file(FX_ARCHER libarcher.so HINTS ${FX_CLANG}/../.. ${FX_CLANG}/../../../lib64)
endif()
if(FX_ARCHER AND NOT FX_SANITIZE)
  file(GLOB sources CONFIGURE_DEPENDS src/base/*.c src/nn/*.c)
  add_executable(test_races tests/race/test_races.c ${sources})
  set_target_properties(test_races PROPERTIES C_CLANG_TIDY "")
  target_include_directories(test_races PRIVATE ${PROJECT_SOURCE_DIR} include)
  target_compile_definitions(test_races PRIVATE FX_NO_DISPATCH)
  target_compile_options(test_races PRIVATE -fsanitize=thread -O1 -g)
  target_link_options(test_races PRIVATE -fsanitize=thread -Wl,--wrap=fx__gemm_serial)
  target_link_libraries(test_races PRIVATE PkgConfig::OPENBLAS PkgConfig::YAML PkgConfig::JANSSON
    PkgConfig::MD OpenMP::OpenMP_C ZLIB::ZLIB m)
  add_test(NAME test_races COMMAND test_races)
  add_test(NAME test_races_sees COMMAND test_races a_race)
  set_tests_properties(test_races test_races_sees PROPERTIES TIMEOUT 300 ENVIRONMENT
    "OMP_TOOL_LIBRARIES=${FX_ARCHER};TSAN_OPTIONS=ignore_noninstrumented_modules=1")
  set_tests_properties(test_races PROPERTIES # where it cannot run at all
    SKIP_REGULAR_EXPRESSION "unexpected memory mapping")
  set_tests_properties(test_races_sees PROPERTIES PASS_REGULAR_EXPRESSION "data race")
endif()

add_executable(missed_core tests/support/missed_core.c)
target_include_directories(missed_core PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(missed_core PRIVATE featx)

if(FX_SANITIZE)
  # Programs that must turn a run red. They run only when asked for by configuration:
  #   ctest -C canary -R canary_leak
  file(GLOB sources CONFIGURE_DEPENDS tests/canary/canary_*.c)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE PkgConfig::CRITERION)
    add_test(NAME ${name} CONFIGURATIONS canary COMMAND ${name})
    fx_test_properties(${name})
  endforeach()
else()
  # What is installed: every public header alone, in C and C++, and a small program that is built
  # against it with pkg-config.
  add_test(NAME test_install COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/test_install.sh
    ${PROJECT_BINARY_DIR} ${CMAKE_C_COMPILER})
  fx_test_properties(test_install)
  add_test(NAME test_lecture COMMAND sh ${PROJECT_SOURCE_DIR}/tests/cli/test_lecture.sh
    ${PROJECT_BINARY_DIR})
  fx_test_properties(test_lecture)
endif()
