// SPDX-License-Identifier: Apache-2.0
#include "analyzer/export/tick_text.h"

#include <fmt/format.h>

namespace ditscope::analyzer {

std::string tickText(Quantity quantity, double value) {
  switch (info(quantity).unit) {
    case Unit::Fraction:
      return fmt::format("{:.3g} %", value * 100);
    case Unit::Nats:
      return fmt::format("{:.2g}", value);
    case Unit::Nanoseconds:
      if (value == 0) return "0";
      break;
    case Unit::Rows:
      break;
  }
  return formatCell(quantity, value);
}

std::string quantityNote(Quantity quantity) {
  const QuantityInfo& q = info(quantity);
  return fmt::format("{}{}", q.help,
                     q.unit == Unit::Nats       ? ", in nats"
                     : q.unit == Unit::Fraction ? ", in %"
                                                : "");
}

}  // namespace ditscope::analyzer
