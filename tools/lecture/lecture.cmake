# Sources of the lecture but for its main, and the claims' own text as a source: the page shows it.
file(GLOB FX_LECTURE_SOURCES CONFIGURE_DEPENDS tools/lecture/*.c)
list(FILTER FX_LECTURE_SOURCES EXCLUDE REGEX "tools/lecture/lecture\\.c$")
set(FX_CLAIM_SOURCES ${FX_LECTURE_SOURCES})
list(FILTER FX_CLAIM_SOURCES INCLUDE REGEX "/l[0-9][0-9]_[a-z_]*\\.c$")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FX_CLAIM_SOURCES})
set(texts)
set(table)
foreach(source ${FX_CLAIM_SOURCES})
  get_filename_component(name ${source} NAME_WE)
  file(READ ${source} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND texts "static const unsigned char ${name}[] = {${bytes} 0};\n")
  string(APPEND table "    {\"${name}.c\", ${name}},\n")
endforeach()
file(CONFIGURE OUTPUT claim_sources.c @ONLY CONTENT "// Written by tools/lecture/lecture.cmake.
#include \"tools/lecture/sheet.h\"
@texts@
const claim_source claim_sources[] = {
@table@};
const size_t claim_source_count = COUNT(claim_sources);
")

# All but the main, for the program and for tests.
add_library(lecture_claims OBJECT ${FX_LECTURE_SOURCES} ${PROJECT_BINARY_DIR}/claim_sources.c)
target_include_directories(lecture_claims PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
