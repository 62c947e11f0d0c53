/// @file
/// All of the library.
#pragma once

#include <frpx/client.hpp>
#include <frpx/context.hpp>
#include <frpx/discovery.hpp>
#include <frpx/error.hpp>
#include <frpx/options.hpp>
#include <frpx/result.hpp>
#include <frpx/server.hpp>
#include <frpx/service.hpp>
