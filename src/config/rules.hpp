#pragma once
#include "config/reader.hpp"

// What no single key can tell: defaults that follow from other keys, and values that do not go together.
namespace slipway::config {

void complete_places(Reader& reader);                 // of data_dir and api
void complete(Reader& reader, const EnvLookup& env);  // of everything

}  // namespace slipway::config
