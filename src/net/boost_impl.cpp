// The one place where Boost.Asio and Boost.Beast are compiled (BOOST_ASIO_SEPARATE_COMPILATION in cmake/slipway.cmake).
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
