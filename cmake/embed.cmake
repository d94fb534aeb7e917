# slipway_embed(TARGET NAME ROOT FILES...): puts text files into TARGET. The FILES, named relative to ROOT, become
# slipway::embedded::NAME(), a span of (name, content), declared in "NAME.embedded.hpp". Plain CMake, no other tool:
# at build time this same file runs as a script (cmake -P), so that an edited file is embedded anew.

if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(SLIPWAY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})

  function(slipway_embed target name root)
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
    list(TRANSFORM ARGN PREPEND ${root}/ OUTPUT_VARIABLE inputs)
    add_custom_command(
      OUTPUT ${folder}/${name}.embedded.cpp ${folder}/${name}.embedded.hpp
      COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DROOT=${root} "-DFILES=${ARGN}" -DFOLDER=${folder}
              -P ${SLIPWAY_EMBED_SCRIPT}
      DEPENDS ${inputs} ${SLIPWAY_EMBED_SCRIPT}
      COMMENT "Embedding ${name}"
      VERBATIM)
    target_sources(${target} PRIVATE ${folder}/${name}.embedded.cpp ${folder}/${name}.embedded.hpp)
    target_include_directories(${target} PRIVATE ${folder})
  endfunction()
  return()
endif()

# Raw string literals take any text but their own end; pieces keep each literal within what every compiler takes.
set(limit 16000)
set(entries "")
foreach(file IN LISTS FILES)
  file(READ ${ROOT}/${file} text)
  string(FIND "${text}" ")slipway_embed\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${ROOT}/${file} holds )slipway_embed\", with which its C++ literal would end")
  endif()
  set(literal "R\"slipway_embed(")
  string(LENGTH "${text}" left)
  while(left GREATER limit)
    # string(SUBSTRING) counts bytes; adjacent literals are joined byte for byte, so a split code point is whole again.
    string(SUBSTRING "${text}" 0 ${limit} piece)
    string(SUBSTRING "${text}" ${limit} -1 text)
    string(APPEND literal "${piece})slipway_embed\"\n    R\"slipway_embed(")
    string(LENGTH "${text}" left)
  endwhile()
  string(APPEND entries "    {\"${file}\", ${literal}${text})slipway_embed\"sv},\n")
endforeach()

file(WRITE ${FOLDER}/${NAME}.embedded.hpp
"#pragma once
#include <span>
#include <string_view>
#include <utility>

namespace slipway::embedded {
std::span<const std::pair<std::string_view, std::string_view>> ${NAME}();
}
")
file(WRITE ${FOLDER}/${NAME}.embedded.cpp
"#include \"${NAME}.embedded.hpp\"

namespace slipway::embedded {
namespace {
using namespace std::string_view_literals;
constexpr std::pair<std::string_view, std::string_view> files[] = {
${entries}};
}  // namespace

std::span<const std::pair<std::string_view, std::string_view>> ${NAME}() { return files; }
}  // namespace slipway::embedded
")
