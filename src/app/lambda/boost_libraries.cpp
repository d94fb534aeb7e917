// Boost.JSON and Boost.URL, compiled here: of Debian's archives, which are one piece each, the linker can leave nothing
// out.
#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
