#include "link/stream_table.hpp"

#include <bit>

namespace frpx::link {

namespace {

constexpr std::size_t smallest = 64;

unsigned shift_for(std::size_t slots) {
  return 32 - static_cast<unsigned>(std::countr_zero(slots));
}

}  // namespace

stream_table::stream_table() : slots_(smallest), mask_(smallest - 1), shift_(shift_for(smallest)) {}

void stream_table::place(stream& s) {
  std::size_t at = home(s.id);
  while (slots_[at].id != 0) at = (at + 1) & mask_;
  slots_[at] = {s.id, &s};
}

void stream_table::grow() {
  const std::vector<slot> before = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
  mask_ = slots_.size() - 1;
  shift_ = shift_for(slots_.size());
  for (const slot& each : before) {
    if (each.id != 0) place(*each.entry);
  }
}

stream& stream_table::insert(stream_id id) {
  assert(id != 0 && find(id) == nullptr);
  if (free_ == nullptr) {
    slabs_.push_back(std::make_unique<slab>());
    for (stream& s : *slabs_.back()) free_ = (s.turn.after = free_, &s);
  }
  if ((size_ + 1) * 2 > slots_.size()) grow();
  stream& fresh = *free_;
  free_ = fresh.turn.after;
  fresh = stream{};
  fresh.id = id;
  place(fresh);
  ++size_;
  return fresh;
}

void stream_table::erase(stream& s) {
  std::size_t hole = home(s.id);
  while (slots_[hole].id != s.id) hole = (hole + 1) & mask_;
  for (std::size_t at = (hole + 1) & mask_; slots_[at].id != 0; at = (at + 1) & mask_) {
    // An entry may fill the hole if its home is not between the hole and itself.
    if (((at - home(slots_[at].id)) & mask_) >= ((at - hole) & mask_)) {
      slots_[hole] = slots_[at];
      hole = at;
    }
  }
  slots_[hole] = {};
  --size_;
  s.id = 0;
  s.turn.after = free_;
  free_ = &s;
}

std::size_t stream_table::held_bytes() const {
  return slots_.capacity() * sizeof(slot) + slabs_.size() * sizeof(slab);
}

}  // namespace frpx::link
