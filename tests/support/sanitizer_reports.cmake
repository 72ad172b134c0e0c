# Collects what the sanitizers report, so that a report turns the run red.
#
# Criterion runs every test in a child process and looks only at what the child says over its
# socket: a leak that LeakSanitizer finds at the child's exit, or a report in a program that the
# child starts, changes no result. So every report goes to a file in FOLDER, and two fixtures stand
# around all tests: "begin" empties FOLDER, "check" fails if anything was reported.
#
#   cmake -DMODE=begin|check -DFOLDER=... -P sanitizer_reports.cmake

if(MODE STREQUAL "begin")
  file(REMOVE_RECURSE ${FOLDER})
  file(MAKE_DIRECTORY ${FOLDER})
  return()
endif()

file(GLOB reports ${FOLDER}/*)
set(count 0)
foreach(report ${reports})
  file(READ ${report} text)
  # A refused allocation is what the tests of huge sizes ask for (allocator_may_return_null): a
  # warning alone is no finding.
  if(text MATCHES "ERROR: |runtime error: |SUMMARY: |Sanitizer has encountered|DEADLYSIGNAL")
    math(EXPR count "${count} + 1")
    get_filename_component(name ${report} NAME)
    message("==== ${name}\n${text}")
  endif()
endforeach()
if(count GREATER 0)
  message(FATAL_ERROR "the sanitizers wrote ${count} report(s) in ${FOLDER}")
endif()
