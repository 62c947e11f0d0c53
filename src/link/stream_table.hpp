// The streams of a link by their id.
#pragma once

#include <memory>
#include <vector>

#include "link/stream.hpp"

namespace frpx::link {

/// Finds a stream in one multiplication and, nearly always, one look.
///
/// Ids are 1, 2, 3, ... but some streams last for weeks and most for a moment, so an array by id
/// would have to span all of them. Here the ids are spread by the golden ratio (Knuth, The Art of
/// Computer Programming 6.4: consecutive keys land evenly) over a table with linear probing that is
/// at most half full; entries are removed by shifting back, so there are no tombstones. The entries
/// themselves live in slabs: they stay where they are, and ended ones are used again.
class stream_table {
 public:
  stream_table();

  /// Null when there is none.
  stream* find(stream_id id) const {
    for (std::size_t at = home(id);; at = (at + 1) & mask_) {
      const slot& here = slots_[at];
      if (here.id == id) return here.entry;
      if (here.id == 0) return nullptr;
    }
  }
  /// `id` is not in the table, and not 0.
  stream& insert(stream_id id);
  void erase(stream& s);
  std::size_t size() const { return size_; }
  std::size_t held_bytes() const;

  /// Calls `f(stream&)` for each; `f` may erase the one it is given, and insert others.
  template <class F>
  void for_each(F&& f) {
    for (std::size_t slab_at = 0; slab_at < slabs_.size(); ++slab_at) {
      slab& here = *slabs_[slab_at];
      for (stream& s : here) {
        if (s.id != 0) f(s);
      }
    }
  }

 private:
  static constexpr std::size_t slab_streams = 32;
  using slab = std::array<stream, slab_streams>;
  struct slot {
    stream_id id = 0;
    stream* entry = nullptr;
  };

  std::size_t home(stream_id id) const { return id * std::uint32_t{0x9e37'79b9} >> shift_; }
  void place(stream& s);
  void grow();

  std::vector<slot> slots_;
  std::size_t mask_;
  unsigned shift_;
  std::vector<std::unique_ptr<slab>> slabs_;
  stream* free_ = nullptr;  ///< Through `turn.after`.
  std::size_t size_ = 0;
};

}  // namespace frpx::link
