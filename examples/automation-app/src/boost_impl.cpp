// The compiled halves of the header-only libraries, once for the program: linking it needs no Boost archive, which is
// what lets it be static.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/json/src.hpp>
