// What a function that can fail returns, and how a room declares its errors.
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace frpx {

using boost::system::error_category;
using boost::system::error_code;

/// A value, or the error_code that says why there is none.
template <class T>
using result = boost::system::result<T, error_code>;

/// The category of one room's `enum class errc`: one sentence per value.
///
/// A room writes `enum class errc { ... }`, a constexpr function `const char* explain(errc)` that
/// switches over every value, and beside it
///
///     error_code make_error_code(errc e) { return frpx::error_of<errc, explain>("wire", e); }
///     template <> struct boost::system::is_error_code_enum<frpx::wire::errc> : std::true_type {};
template <class Errc, const char* (*explain)(Errc)>
class enum_category final : public error_category {
 public:
  explicit constexpr enum_category(const char* room) : room_(room) {}
  const char* name() const noexcept override { return room_; }
  std::string message(int value) const override { return explain(static_cast<Errc>(value)); }

 private:
  const char* room_;
};

template <class Errc, const char* (*explain)(Errc)>
error_code error_of(const char* room, Errc value) {
  static const enum_category<Errc, explain> category(room);
  return {static_cast<int>(value), category};
}

}  // namespace frpx
