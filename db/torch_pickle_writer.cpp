// SPDX-License-Identifier: Apache-2.0
#include "db/torch_pickle_writer.h"

#include <limits>
#include <string_view>

#include "db/torch_elements.h"

namespace ditscope::db {
namespace {

class PickleWriter {
 public:
  PickledTorch write(const TorchValue& value) {
    text("\x80\x02");
    put(value);
    text(".");
    return std::move(m_out);
  }

 private:
  void put(const TorchValue& value) {
    std::visit([this](const auto& content) { putContent(content); }, value.content);
  }

  void putContent(std::monostate) { text("N"); }
  void putContent(bool value) { text(value ? "\x88" : "\x89"); }

  void putContent(int64_t value) {
    if (value == int32_t(value)) {
      text("J");
      append(m_out.pickle, int32_t(value));
    } else {
      text("\x8a\x08");
      append(m_out.pickle, value);
    }
  }

  void putContent(double value) {
    text("G");
    append(m_out.pickle, __builtin_bswap64(std::bit_cast<uint64_t>(value)));
  }

  void putContent(const std::string& value) {
    if (value.size() > std::numeric_limits<uint32_t>::max()) throw CodecError("a text is too long");
    text("X");
    append(m_out.pickle, uint32_t(value.size()));
    text(value);
  }

  void putContent(const TorchValue::List& list) {
    text("](");
    for (const TorchValue& item : list) put(item);
    text("e");
  }

  void putContent(const TorchValue::Dict& dict) {
    text("}(");
    for (const TorchEntry& entry : dict) {
      put(entry.key);
      put(entry.value);
    }
    text("u");
  }

  // torch._utils._rebuild_tensor_v2(storage, offset, sizes, strides, requires_grad, hooks)
  void putContent(const TorchTensor& tensor) {
    text("ctorch._utils\n_rebuild_tensor_v2\n((");
    putContent(std::string("storage"));
    text("ctorch\n");
    text(torchStorageName(tensor.dtype));
    text("\n");
    putContent(std::to_string(m_out.storages.size()));
    putContent(std::string("cpu"));
    putContent(int64_t(tensor.values.size()));
    text("tQ");
    putContent(int64_t(0));
    putTuple(tensor.shape);
    putTuple(stridesOf(tensor));
    text(
        "\x89"
        "ccollections\nOrderedDict\n)RtR");
    Bytes storage;
    for (const double value : tensor.values) appendTorchElement(storage, tensor.dtype, value);
    m_out.storages.push_back(std::move(storage));
  }

  void putTuple(const std::vector<int64_t>& values) {
    text("(");
    for (const int64_t value : values) putContent(value);
    text("t");
  }

  // Of a tensor without gaps; its values have to fill it.
  static std::vector<int64_t> stridesOf(const TorchTensor& tensor) {
    std::vector<int64_t> strides(tensor.shape.size());
    int64_t elements = 1;
    for (size_t d = strides.size(); d-- > 0;) {
      strides[d] = elements;
      if (tensor.shape[d] < 0 || __builtin_mul_overflow(elements, tensor.shape[d], &elements))
        throw CodecError("a tensor has an impossible shape");
    }
    if (size_t(elements) != tensor.values.size())
      throw CodecError("a tensor has more or fewer values than its shape");
    return strides;
  }

  void text(std::string_view bytes) {
    for (const char byte : bytes) m_out.pickle.push_back(std::byte(byte));
  }

  PickledTorch m_out;
};

}  // namespace

PickledTorch pickleTorch(const TorchValue& value) {
  return PickleWriter().write(value);
}

}  // namespace ditscope::db
