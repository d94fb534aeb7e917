#pragma once
#include <boost/json.hpp>

namespace slipway {

// A JSON Schema (2020-12) of slipway.yaml, made from the table of keys: which keys there are, and what
// their values look like as far as a schema can tell. What the parser accepts, the schema accepts; not the reverse.
boost::json::object config_schema();

}  // namespace slipway
