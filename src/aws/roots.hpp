#pragma once
#include <string>

namespace slipway::aws {

// The five roots to which AWS's own endpoints lead (https://www.amazontrust.com/repository/), as PEM, put in when the
// program was built. Reading these takes about a millisecond, the whole bundle of a system thirty.
std::string amazon_roots();

}  // namespace slipway::aws
