# Links a program statically with libpq, where libpq can be: Debian keeps two of the archives that libpq.a needs in a
# package that depends on a compiler of its own; tools/setup.sh (fetch_static_libpq) takes just the archives out of it.
find_package(PostgreSQL REQUIRED)
set(SLIPWAY_STATIC_LIBPQ ${PROJECT_SOURCE_DIR}/build/cache/static-libpq CACHE PATH "libpgcommon.a and libpgport.a")
set(hints HINTS ${SLIPWAY_STATIC_LIBPQ}/usr/lib/postgresql/15/lib /usr/lib/postgresql/15/lib NO_CACHE)
find_library(LIBPQ_A libpq.a NO_CACHE)
find_library(LIBPGCOMMON_A libpgcommon.a ${hints})
find_library(LIBPGPORT_A libpgport.a ${hints})
find_library(LIBSSL_A libssl.a NO_CACHE)
find_library(LIBCRYPTO_A libcrypto.a NO_CACHE)

# slipway_link_libpq(TARGET): statically, the whole program, where that can be; else with the shared library.
function(slipway_link_libpq target)
  if(LIBPQ_A AND LIBPGCOMMON_A AND LIBPGPORT_A AND LIBSSL_A AND LIBCRYPTO_A AND NOT SLIPWAY_SANITIZE)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/libpq_static.cpp)
    target_include_directories(${target} PRIVATE ${PostgreSQL_INCLUDE_DIRS})
    target_link_libraries(${target} PRIVATE ${LIBPQ_A} ${LIBPGCOMMON_A} ${LIBPGPORT_A} ${LIBSSL_A} ${LIBCRYPTO_A})
    target_link_options(${target} PRIVATE -static -Wl,--gc-sections)
  else()
    message(STATUS "${target}: dynamic, because libpgcommon.a is not here or sanitizers are on; "
                   "it runs on this machine, but cannot become an image FROM scratch")
    target_link_libraries(${target} PRIVATE PostgreSQL::PostgreSQL OpenSSL::Crypto)
  endif()
endfunction()
