// SPDX-License-Identifier: Apache-2.0
#include "db/pickle_graph.h"

#include <fmt/format.h>

#include <bit>
#include <string_view>
#include <unordered_map>

#include "db/pickle_cursor.h"
#include "db/pickle_globals.h"
#include "db/text.h"
#include "db/torch_error.h"

namespace ditscope::db {
namespace {

using Ref = PickleNode::Ref;
using Kind = KnownGlobal::Kind;

constexpr size_t kMaxStorageKeyBytes = 100;  // torch.save numbers them

class PickleMachine {
 public:
  PickleMachine(ByteView pickle, const std::string& file) : m_in(pickle, file) {}

  PickleGraph run() {
    for (uint8_t code = m_in.take<uint8_t>(); code != '.'; code = m_in.take<uint8_t>()) {
      if (!pushScalar(code) && !build(code))
        m_in.refuse(
            fmt::format("its pickle uses the operation 0x{:02x}, which torch.save does not write", code));
    }
    m_graph.root = pop();
    if (!m_marks.empty() || !m_stack.empty()) m_in.refuseDamaged();
    return std::move(m_graph);
  }

 private:
  // Values that an opcode spells out.
  bool pushScalar(uint8_t code) {
    switch (code) {
      case 'N':
        return push(std::monostate());
      case 0x88:
        return push(true);
      case 0x89:
        return push(false);
      case 'J':
        return push(int64_t(m_in.take<int32_t>()));
      case 'K':
        return push(int64_t(m_in.take<uint8_t>()));
      case 'M':
        return push(int64_t(m_in.take<uint16_t>()));
      case 0x8a:
        return push(m_in.takeLong());
      case 'G':
        return push(std::bit_cast<double>(__builtin_bswap64(m_in.take<uint64_t>())));
      case 'X':
        return push(m_in.takeText());
      case 'c':
        return push(takeGlobal());
      case ']':
        return push(PickleNode::Sequence{});
      case ')':
        return push(PickleNode::Sequence{.items = {}, .isTuple = true});
      case '}':
        return push(PickleNode::Dict{});
      default:
        return false;
    }
  }

  // Opcodes that work on the stack and the memo.
  bool build(uint8_t code) {
    switch (code) {
      case 0x80:
        if (m_in.take<uint8_t>() != 2) m_in.refuse("its pickle is not of protocol 2");
        return true;
      case '(':
        bound(m_marks.size());
        m_marks.push_back(m_stack.size());
        return true;
      case 't':
        return push(PickleNode::Sequence{.items = popToMark(), .isTuple = true});
      case 0x85:
      case 0x86:
      case 0x87:
        return push(PickleNode::Sequence{.items = popItems(code - 0x84u), .isTuple = true});
      case 'a':
        return append(popItems(1));
      case 'e':
        return append(popToMark());
      case 's':
        return setItems(popItems(2));
      case 'u':
        return setItems(popToMark());
      case 'q':
        return memoize(m_in.take<uint8_t>());
      case 'r':
        return memoize(m_in.take<uint32_t>());
      case 'h':
        return recall(m_in.take<uint8_t>());
      case 'j':
        return recall(m_in.take<uint32_t>());
      case 'Q':
        return push(storageOf(pop()));
      case 'R':
        return reduce();
      case 'b':  // attributes of an OrderedDict: the versions of a module's parameters
        if (pop(); !get<PickleNode::Dict>(top()).isOrdered) m_in.refuseDamaged();
        return true;
      default:
        return false;
    }
  }

  const KnownGlobal* takeGlobal() {
    const std::string_view module = m_in.takeLine();
    const std::string_view name = m_in.takeLine();
    if (const KnownGlobal* known = findGlobal(module, name)) return known;
    m_in.refuse("it asks for " + quotedText(std::string(module) + "." + std::string(name)) +
                ", which is not among what may be loaded");
  }

  // Nothing here may hold more than this.
  void bound(size_t size) const {
    if (size >= kMaxPickleNodes) m_in.refuse(fmt::format("it holds over {} values", kMaxPickleNodes));
  }

  template <class T>
  bool push(T&& content) {
    bound(m_graph.nodes.size());
    m_graph.nodes.push_back({std::forward<T>(content)});
    m_stack.push_back(Ref(m_graph.nodes.size() - 1));
    return true;
  }

  // A mark fences off what lies below it.
  [[nodiscard]] size_t floor() const { return m_marks.empty() ? 0 : m_marks.back(); }

  [[nodiscard]] Ref top() const {
    if (m_stack.size() <= floor()) m_in.refuseDamaged();
    return m_stack.back();
  }

  Ref pop() {
    const Ref ref = top();
    m_stack.pop_back();
    return ref;
  }

  std::vector<Ref> popItems(size_t count) {
    if (m_stack.size() - floor() < count) m_in.refuseDamaged();
    std::vector<Ref> items(m_stack.end() - std::ptrdiff_t(count), m_stack.end());
    m_stack.resize(m_stack.size() - count);
    return items;
  }

  std::vector<Ref> popToMark() {
    if (m_marks.empty()) m_in.refuseDamaged();
    std::vector<Ref> items = popItems(m_stack.size() - m_marks.back());
    m_marks.pop_back();
    return items;
  }

  bool memoize(uint32_t number) {
    bound(m_memo.size());
    m_memo[number] = top();
    return true;
  }

  bool recall(uint32_t number) {
    const auto found = m_memo.find(number);
    if (found == m_memo.end()) m_in.refuseDamaged();
    bound(m_stack.size());
    m_stack.push_back(found->second);
    return true;
  }

  // The wanted kind of value, or the pickle is not what torch.save writes.
  template <class T>
  T& get(Ref ref) {
    T* value = std::get_if<T>(&m_graph.nodes[ref].content);
    if (!value) m_in.refuseDamaged();
    return *value;
  }

  bool append(const std::vector<Ref>& items) {
    auto& list = get<PickleNode::Sequence>(top());
    if (list.isTuple) m_in.refuseDamaged();
    list.items.insert(list.items.end(), items.begin(), items.end());
    return true;
  }

  bool setItems(const std::vector<Ref>& items) {
    if (items.size() % 2 != 0) m_in.refuseDamaged();
    auto& dict = get<PickleNode::Dict>(top());
    for (size_t i = 0; i < items.size(); i += 2) dict.entries.emplace_back(items[i], items[i + 1]);
    return true;
  }

  const std::vector<Ref>& tupleAt(Ref ref) {
    const auto& sequence = get<PickleNode::Sequence>(ref);
    if (!sequence.isTuple) m_in.refuseDamaged();
    return sequence.items;
  }

  // A persistent id: ("storage", type, key, device, number of elements).
  PickleNode::Storage storageOf(Ref ref) {
    const std::vector<Ref>& id = tupleAt(ref);
    if (id.size() != 5 || get<std::string>(id[0]) != "storage") m_in.refuseDamaged();
    const KnownGlobal& type = *get<const KnownGlobal*>(id[1]);
    const auto& key = get<std::string>(id[2]);
    const int64_t elements = get<int64_t>(id[4]);
    if (type.kind != Kind::Storage || elements < 0 || key.size() > kMaxStorageKeyBytes) m_in.refuseDamaged();
    return {type.dtype, key, elements};
  }

  // A call, of the two names that build a value.
  bool reduce() {
    const Ref arguments = pop();
    const KnownGlobal& callee = *get<const KnownGlobal*>(pop());
    if (callee.kind == Kind::RebuildTensor) return push(tensorOf(tupleAt(arguments)));
    if (callee.kind != Kind::OrderedDict || !tupleAt(arguments).empty()) m_in.refuseDamaged();
    return push(PickleNode::Dict{.entries = {}, .isOrdered = true});
  }

  // (storage, offset, sizes, strides, requires_grad, hooks[, metadata])
  PickleNode::Tensor tensorOf(const std::vector<Ref>& arguments) {
    if (arguments.size() < 6 || arguments.size() > 7) m_in.refuseDamaged();
    return {.storage = get<PickleNode::Storage>(arguments[0]),
            .offset = get<int64_t>(arguments[1]),
            .shape = integersAt(arguments[2]),
            .stride = integersAt(arguments[3])};
  }

  std::vector<int64_t> integersAt(Ref ref) {
    const std::vector<Ref>& items = tupleAt(ref);
    if (items.size() > kMaxTensorRank)
      m_in.refuse(fmt::format("it holds a tensor of over {} dimensions", kMaxTensorRank));
    std::vector<int64_t> values;
    for (const Ref item : items) values.push_back(get<int64_t>(item));
    return values;
  }

  PickleCursor m_in;
  PickleGraph m_graph;
  std::vector<Ref> m_stack;
  std::vector<size_t> m_marks;
  std::unordered_map<uint32_t, Ref> m_memo;
};

}  // namespace

PickleGraph readPickle(ByteView pickle, const std::string& file) {
  if (pickle.size() > kMaxPickleBytes)
    refuseTorchFile(file, fmt::format("its pickle has over {} bytes", kMaxPickleBytes));
  return PickleMachine(pickle, file).run();
}

}  // namespace ditscope::db
