// What ends when nothing has happened to it for a while.
#pragma once

#include "net/timers.hpp"

namespace frpx::net {

/// Keeps its members in the order in which something last happened to them, so that the one that
/// has been idle longest is known at once, and ends each after the same patience. Touching a member
/// costs a few stores; there is one deadline for all.
///
/// Touched by its worker only. Members leave when they go; the list outlives them.
class idle_list final : private deadline {
 public:
  /// Base of a member, which is in one list at most.
  class member {
   public:
    member() = default;
    member(const member&) = delete;
    member& operator=(const member&) = delete;
    /// When it was touched last.
    steady_time last() const { return last_; }

   protected:
    ~member() { unlink(); }
    /// Leaves its list, if it is in one.
    void unlink();
    /// Nothing has happened for the list's patience. It has left the list, and may be destroyed.
    virtual void on_idle() = 0;

   private:
    friend class idle_list;

    member* before_ = nullptr;
    member* after_ = nullptr;
    steady_time last_{};
  };

  idle_list(timers& of, steady_clock::duration patience);

  /// Something happened to `which` at `now`, which is no earlier than any time given before. It
  /// enters the list if it is not in it, and leaves another.
  void touch(member& which, steady_time now);
  /// The one that has been idle longest, or null.
  member* oldest() { return empty() ? nullptr : ring_.after_; }
  bool empty() const { return ring_.after_ == &ring_; }

 private:
  // The ring's head, which is never idle.
  struct head final : member {
    void on_idle() override {}
  };

  void expired() override;

  const steady_clock::duration patience_;
  head ring_;
};

}  // namespace frpx::net
