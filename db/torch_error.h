// SPDX-License-Identifier: Apache-2.0
// How every part of the torch.save reader refuses a file.
#pragma once

#include <string>

#include "db/error.h"

namespace ditscope::db {

[[noreturn]] inline void refuseTorchFile(
    const std::string& file, const std::string& why,
    const std::string& remedy =
        "save it with torch.save as plain tensors, dictionaries, lists, texts and numbers") {
  throw Error(Error::Kind::BadInput, "cannot read " + file, why, remedy);
}

}  // namespace ditscope::db
