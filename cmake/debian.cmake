# The Debian package: cpack -G DEB. Also the script that CPack runs on what it has gathered, to put there what only
# the package has: the configuration in /etc, and documentation in the form that Debian wants.

if(DEFINED CPACK_TEMPORARY_INSTALL_DIRECTORY)
  set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY})
  # file(INSTALL) would put DESTDIR, which CPack has set, in front of these again.
  file(MAKE_DIRECTORY ${root}/etc/slipway)
  file(COPY_FILE ${CPACK_SLIPWAY_SOURCE}/packaging/slipway.yaml ${root}/etc/slipway/slipway.yaml)
  file(COPY_FILE ${CPACK_SLIPWAY_SOURCE}/CHANGELOG.md ${root}/usr/share/doc/slipway/changelog)
  execute_process(COMMAND ${CPACK_SLIPWAY_SOURCE}/tools/sbom ${root}/usr/bin/slipway
                  OUTPUT_FILE ${root}/usr/share/doc/slipway/slipway.spdx.json COMMAND_ERROR_IS_FATAL ANY)
  file(CHMOD_RECURSE ${root}/etc ${root}/usr/share DIRECTORY_PERMISSIONS ${CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS}
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  file(GLOB pages ${root}/usr/share/man/man*/slipway*)
  execute_process(COMMAND gzip -9nf ${pages} ${root}/usr/share/doc/slipway/changelog COMMAND_ERROR_IS_FATAL ANY)
  return()
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME slipway)
set(CPACK_PACKAGE_CONTACT "The Slipway authors <noreply@slipway.example>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_SLIPWAY_SOURCE ${PROJECT_SOURCE_DIR})
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_FILE})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "one isolated instance of a container image for each customer
Slipway turns a container image into a SaaS: a sign-up over HTTP becomes a
container, a Postgres role and database, a URL and a welcome mail.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "docker.io | docker-ce, postgresql, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/conffiles ${debian}/postinst ${debian}/prerm ${debian}/postrm)
include(CPack)
