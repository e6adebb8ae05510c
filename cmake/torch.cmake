# SPDX-License-Identifier: Apache-2.0
# Finds LibTorch: the target torch, TORCH_CXX_FLAGS, Torch_FOUND, and DITSCOPE_TORCH_CUDA when it is a CUDA build.
# The package file of a CUDA build demands the whole CUDA Toolkit, of the very version it was made with, switches
# on the CUDA language and asks the GPU at hand for its architecture. The headers and the libraries are all
# that is needed here, so that such a build is found by them, with and without a toolkit on this machine.
set(DITSCOPE_TORCH_CUDA OFF)
find_path(DITSCOPE_TORCH_PACKAGE TorchConfig.cmake
  HINTS "${Torch_DIR}" PATHS ${CMAKE_PREFIX_PATH} PATH_SUFFIXES Torch share/cmake/Torch)
set(torch_root "${DITSCOPE_TORCH_PACKAGE}/../../..")
if(EXISTS "${torch_root}/lib/libtorch_cuda.so")
  get_filename_component(torch_root "${torch_root}" ABSOLUTE)
  file(STRINGS "${DITSCOPE_TORCH_PACKAGE}/TorchConfig.cmake" old_abi REGEX "set.*_GLIBCXX_USE_CXX11_ABI=0")
  if(old_abi)
    set(Torch_FOUND OFF)
    message(WARNING "${torch_root} was built with the C++ ABI from before C++11; PyTorch 2.6 and newer have the new one")
  else()
    set(Torch_FOUND ON)
    set(DITSCOPE_TORCH_CUDA ON)
    add_library(torch INTERFACE IMPORTED)
    # Beside its own headers lie those of another fmt, which do not fit the fmt that is linked: ours come first.
    find_path(DITSCOPE_FMT_INCLUDE fmt/format.h NO_CACHE REQUIRED)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/fmt_first)
    file(CREATE_LINK ${DITSCOPE_FMT_INCLUDE}/fmt ${CMAKE_BINARY_DIR}/fmt_first/fmt SYMBOLIC)
    target_include_directories(torch SYSTEM INTERFACE
      ${CMAKE_BINARY_DIR}/fmt_first ${torch_root}/include ${torch_root}/include/torch/csrc/api/include)
    # As flags, because CMake would warn of each library that Python's packages bring along a second time.
    # Nothing calls libtorch_cuda: it registers its operators when it is loaded.
    set(lib ${torch_root}/lib)
    target_link_libraries(torch INTERFACE
      -Wl,--push-state,--no-as-needed,${lib}/libtorch_cpu.so,${lib}/libc10.so,${lib}/libtorch_cuda.so,${lib}/libc10_cuda.so,--pop-state
      -Wl,-rpath,${lib})
  endif()
else()
  find_package(Torch QUIET)
endif()
