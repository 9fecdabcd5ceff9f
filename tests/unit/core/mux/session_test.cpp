#include "core/mux/session.hpp"

#include <gtest/gtest.h>
