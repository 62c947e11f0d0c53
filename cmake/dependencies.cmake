# What the project stands on, all of it packaged by Debian 12 (scripts/install-deps.sh).

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(cares REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
pkg_check_modules(libjwt REQUIRED IMPORTED_TARGET libjwt)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)
find_package(yaml-cpp REQUIRED)

# Boost 1.81's headers: from the system, or from .deps/ where install-deps.sh unpacks them when the
# machine keeps another version's development package.
find_path(FRPX_BOOST_INCLUDE boost/url.hpp
  HINTS ${CMAKE_SOURCE_DIR}/.deps/boost/usr/include ${BOOST_ROOT} PATH_SUFFIXES include REQUIRED)
file(STRINGS ${FRPX_BOOST_INCLUDE}/boost/version.hpp boost_version REGEX "define BOOST_VERSION [0-9]+")
string(REGEX MATCH "[0-9]+" boost_version "${boost_version}")
if(boost_version LESS 108100)
  message(FATAL_ERROR "Boost 1.81 or later is needed, ${FRPX_BOOST_INCLUDE} holds ${boost_version}; "
    "run scripts/install-deps.sh")
endif()

# Asio, Beast, JSON and URL are compiled once, here, and nowhere else.
add_library(frpx_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost.cpp)
target_include_directories(frpx_boost SYSTEM PUBLIC ${FRPX_BOOST_INCLUDE})
target_compile_definitions(frpx_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ALL_NO_LIB BOOST_JSON_NO_LIB BOOST_URL_NO_LIB
  # Coroutine frames that a thread keeps for the next: a request needs no heap once it is warm.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=16)
target_link_libraries(frpx_boost PUBLIC OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

set(frpx_libraries
  PkgConfig::sodium SQLite::SQLite3 spdlog::spdlog CLI11::CLI11 PkgConfig::tomlplusplus yaml-cpp
  PkgConfig::libjwt PkgConfig::cares PkgConfig::hiredis PkgConfig::libpq
  PkgConfig::nghttp2 OpenSSL::SSL OpenSSL::Crypto)
