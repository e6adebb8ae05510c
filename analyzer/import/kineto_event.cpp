// SPDX-License-Identifier: Apache-2.0
#include "analyzer/import/kineto_event.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <string_view>

#include "analyzer/import/capture_time.h"

namespace ditscope::analyzer {
namespace {

using Token = JsonScanner::Token;

struct KindName {
  std::string_view name;
  KinetoKind kind;
};
// Categories of today, of 2021 and of ROCm.
constexpr std::array kKinds = {
    KindName{"kernel", KinetoKind::Kernel},
    KindName{"cpu_op", KinetoKind::Operator},
    KindName{"python_function", KinetoKind::PythonFunction},
    KindName{"cuda_runtime", KinetoKind::Runtime},
    KindName{"cuda_driver", KinetoKind::Runtime},
    KindName{"hip_runtime", KinetoKind::Runtime},
    KindName{"user_annotation", KinetoKind::Annotation},
    KindName{"gpu_user_annotation", KinetoKind::GpuAnnotation},
    KindName{"gpu_memcpy", KinetoKind::Copy},
    KindName{"gpu_memset", KinetoKind::Copy},
    KindName{"Kernel", KinetoKind::Kernel},
    KindName{"Runtime", KinetoKind::Runtime},
    KindName{"Operator", KinetoKind::Operator},
    KindName{"Memcpy", KinetoKind::Copy},
    KindName{"Memset", KinetoKind::Copy},
    KindName{"concurrent_kernel", KinetoKind::Kernel},
    KindName{"Python function", KinetoKind::PythonFunction},
};

KinetoKind kindOf(std::string_view category) {
  const auto* found = std::ranges::find(kKinds, category, &KindName::name);
  return found == kKinds.end() ? KinetoKind::Other : found->kind;
}

// Of a process or thread: its number, or what stands for its name.
void identify(std::string_view text, int64_t& id, std::optional<int64_t>& number) {
  number = integerOf(text);
  if (number) {
    id = *number;
    return;
  }
  number = lastNumberOf(text);
  id = int64_t(std::hash<std::string_view>()(text) | uint64_t{1} << 63);
}

// Reads one event; each function returns false where the text is broken.
class EventReader {
 public:
  EventReader(JsonScanner& scanner, KinetoEvent& event, WantsShapes wantsShapes, void* context)
      : m_scanner(scanner), m_event(event), m_wantsShapes(wantsShapes), m_context(context) {}

  bool read() {
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndObject) return true;
      if (token != Token::Key) return false;
      if (!member()) return false;
    }
  }

 private:
  bool member() {
    const std::string_view key = m_scanner.text();
    if (key == "args") {
      const Token token = m_scanner.next();
      if (token == Token::BeginArray) return m_scanner.skipToEnd();
      return JsonScanner::isScalar(token) || (token == Token::BeginObject && arguments());
    }
    if (key == "name") return text(&m_event.name);
    enum class Field : uint8_t { Phase, Category, Start, Duration, Process, Thread, None };
    const Field field = key == "ph"    ? Field::Phase
                        : key == "cat" ? Field::Category
                        : key == "ts"  ? Field::Start
                        : key == "dur" ? Field::Duration
                        : key == "pid" ? Field::Process
                        : key == "tid" ? Field::Thread
                                       : Field::None;
    if (field == Field::None) return m_scanner.skipValue();
    if (!JsonScanner::isScalar(m_scanner.next())) return false;
    const std::string_view value = m_scanner.text();
    switch (field) {
      case Field::Phase:
        m_event.complete = value == "X";
        break;
      case Field::Category:
        m_event.kind = kindOf(value);
        m_hasKind = true;
        break;
      case Field::Start:
        m_event.startNs = time(value);
        break;
      case Field::Duration:
        m_event.durationNs = time(value);
        break;
      case Field::Process:
        identify(value, m_event.process, m_event.processNumber);
        break;
      case Field::Thread:
        identify(value, m_event.thread, m_event.threadNumber);
        break;
      case Field::None:
        break;
    }
    return true;
  }

  std::optional<int64_t> time(std::string_view value) {
    const auto ns = nanosecondsOf(value);
    m_event.badTime |= !ns;
    return ns;
  }

  bool text(std::string* into) {
    if (!JsonScanner::isScalar(m_scanner.next())) return false;
    into->assign(m_scanner.text());
    return true;
  }

  bool arguments() {
    const bool known = m_hasKind && !m_event.name.empty();
    const bool launchFacts =
        !m_hasKind || m_event.kind == KinetoKind::Kernel || m_event.kind == KinetoKind::Runtime;
    const bool shapes = !known || (m_event.kind == KinetoKind::Operator && m_wantsShapes(m_context, m_event));
    if (!launchFacts && !shapes) return m_scanner.skipToEnd();
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndObject) return true;
      if (token != Token::Key || !argument(shapes)) return false;
    }
  }

  bool argument(bool shapes) {
    const std::string_view key = m_scanner.text();
    if (key == "grid") return extents(m_event.grid);
    if (key == "block") return extents(m_event.block);
    if (key == "Input Dims" || key == "Input dims") return shapes ? inputShapes() : m_scanner.skipValue();
    if (key == "correlation") return number(&m_event.correlation);
    if (key == "device") return number(&m_event.device);
    if (key == "stream") return number(&m_event.stream);
    if (key == "graph node id") return number(&m_event.graphNode);
    if (key == "registers per thread") return number(&m_event.registers);
    if (key == "shared memory") return number(&m_event.sharedBytes);
    return m_scanner.skipValue();
  }

  template <class Number>
  bool number(Number* into) {
    if (!JsonScanner::isScalar(m_scanner.next())) return false;
    if (const auto value = integerOf(m_scanner.text())) *into = *value;
    return true;
  }

  bool extents(int32_t (&into)[3]) {
    if (m_scanner.next() != Token::BeginArray) return false;
    size_t count = 0;
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndArray) return true;
      if (!JsonScanner::isScalar(token)) return false;
      if (count < 3) into[count++] = countOf(integerOf(m_scanner.text()).value_or(1));
    }
  }

  // [[2, 38, 4429, 64], [], "", [[1], [2]]]: lists of lists are inputs that are lists of tensors.
  bool inputShapes() {
    m_event.shapes.clear();
    if (m_scanner.next() != Token::BeginArray) return false;
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndArray) return true;
      if (token == Token::BeginArray) {
        if (!oneShape(m_event.shapes.add())) return false;
      } else if (!JsonScanner::isScalar(token)) {
        return false;
      }
    }
  }

  bool oneShape(TensorShape* shape) {
    while (true) {
      const Token token = m_scanner.next();
      if (token == Token::EndArray) return true;
      if (token == Token::BeginArray) {
        if (!m_scanner.skipToEnd()) return false;
        continue;
      }
      if (!JsonScanner::isScalar(token)) return false;
      if (shape != nullptr) shape->add(integerOf(m_scanner.text()).value_or(0));
    }
  }

  JsonScanner& m_scanner;
  KinetoEvent& m_event;
  WantsShapes m_wantsShapes;
  void* m_context;
  bool m_hasKind = false;
};

}  // namespace

void KinetoEvent::clear() {
  name.clear();
  shapes.clear();
  static_cast<KinetoFields&>(*this) = {};
}

bool readKinetoEvent(JsonScanner& scanner, KinetoEvent& event, WantsShapes wantsShapes, void* context) {
  event.clear();
  return EventReader(scanner, event, wantsShapes, context).read();
}

}  // namespace ditscope::analyzer
