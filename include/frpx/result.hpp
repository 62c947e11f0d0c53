/// @file
/// A value, or the error that says why there is none.
#pragma once

#include <frpx/error.hpp>

#include <stdexcept>
#include <utility>
#include <variant>

namespace frpx {

/// Either a T or an error. Nothing here throws, but for `value` when there is none.
template <class T>
class [[nodiscard]] result {
 public:
  /// A result that holds `value`.
  result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  /// A result that holds why there is no value; `why` is an error.
  result(frpx::error why) : held_(std::in_place_index<1>, std::move(why)) {}
  /// A result that holds an error of that kind.
  result(errc kind) : result(frpx::error(kind)) {}

  /// Whether there is a value.
  bool has_value() const noexcept { return held_.index() == 0; }
  /// The same.
  explicit operator bool() const noexcept { return has_value(); }
  /// The value; throws std::logic_error with the error's sentence when there is none.
  T& value() {
    check();
    return *std::get_if<0>(&held_);
  }
  /// The same, constant.
  const T& value() const {
    check();
    return *std::get_if<0>(&held_);
  }
  /// The value; there must be one.
  T& operator*() noexcept { return *std::get_if<0>(&held_); }
  /// The same, constant.
  const T& operator*() const noexcept { return *std::get_if<0>(&held_); }
  /// A member of the value; there must be one.
  T* operator->() noexcept { return std::get_if<0>(&held_); }
  /// The same, constant.
  const T* operator->() const noexcept { return std::get_if<0>(&held_); }
  /// Why there is no value; no error when there is one.
  frpx::error error() const { return has_value() ? frpx::error() : *std::get_if<1>(&held_); }

 private:
  void check() const {
    if (!has_value()) throw std::logic_error(std::get_if<1>(&held_)->message());
  }

  std::variant<T, frpx::error> held_;
};

/// Success, or the error that says why there is none.
template <>
class [[nodiscard]] result<void> {
 public:
  /// Success.
  result() = default;
  /// A failure; success when `why` is no error.
  result(frpx::error why) : error_(std::move(why)) {}
  /// A failure of that kind.
  result(errc kind) : error_(kind) {}

  /// Whether it went well.
  bool has_value() const noexcept { return !error_; }
  /// The same.
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws std::logic_error with the error's sentence when it did not go well.
  void value() const {
    if (error_) throw std::logic_error(error_.message());
  }
  /// What went wrong; no error when nothing did.
  frpx::error error() const { return error_; }

 private:
  frpx::error error_;
};

}  // namespace frpx
