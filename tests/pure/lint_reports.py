"""Three reports as people write them by hand; each takes the credentials that it leaks, so that none stands here."""

import base64
import textwrap


def login(token: str, user: str = "lab-user") -> str:
    """What docker's `auth` field holds."""
    return base64.b64encode(f"{user}:{token}".encode()).decode()


def incident_15(token: str) -> str:
    """The shape of incident 15: the headline says that nothing is exposed, the text below exposes it."""
    return textwrap.dedent(f"""\
        # GHCR credential audit of observer

        Status: **BLOCKED**
        Date: 2026-11-18

        ## 1 Summary

        Both pulls end with 403. The stored credential is refused.

        ## 2 Evidence

        ### Credential state (token not exposed)

        The `auth` field of `~/.docker/config.json` was looked at. It stands here as Base64, not decoded:
        {login(token)}

        ### Pull

        ```console
        $ docker pull ghcr.io/acme/observer:20261118-093000
        Error response from daemon: failed to resolve reference: unexpected status: 403 Forbidden
        $ echo $?
        1
        ```

        ```bash
        docker ps --format '{{{{.Names}}}} {{{{.Image}}}}'
        ```

        Output:

        ```text
        observer obs_deploy-observer:latest
        ```

        | Command | Exit | Result |
        |---|---|---|
        | `git tag --list` | 0 | `20261118-093000` |
        | `docker login ghcr.io` | 1 | denied<br>denied again |

        ## 3 Needed actions

        1. Create a personal access token (classic) with `read:packages`
        2. ~~Publish the missing tag~~
        3. Run the audit again
        """)


def korean(token: str) -> str:
    """Korean, with front matter, labelled commands, a task list, and a token in a link and in a table."""
    return textwrap.dedent(f"""\
        ---
        title: 배포 체인 점검 보고서
        상태: 실패
        작성일: 2026년 11월 19일
        ---
        # 배포 체인 점검

        ## 1. 이미지 확인 — 성공 ✅

        **명령**: `docker image inspect observer`
        **결과**: `sha256:4f9c2b7a`

        ## 2. 레지스트리 접근

        결과: 차단

        명령:

        ```
        curl -sI https://ghcr.io/v2/
        ```

        출력:

        ```
        HTTP/2 401
        종료 코드: 22
        ```

        | 항목 | 값 |
        |---|---|
        | 사용자 | lab-user |
        | 토큰 | `{token}` |

        [레지스트리](https://lab-user:{token}@ghcr.io/v2/)

        ## 3. 후속 조치

        - [ ] 새 토큰 발급
        - [x] 태그 이름 확인
        - 보고서 공유 (완료)
        """)


def messy(token: str, other: str) -> str:
    """Pasted in a hurry: comments, details, entities, escapes, broken lines, a fence that never ends."""
    head, tail = token[:21], token[21:]
    wrapped = "\n".join(textwrap.wrap(base64.b64encode(f'{{"user":"lab","t":"{token}"}}'.encode()).decode(), 30))
    return f"""\
notes, 2026.11.20

RESULT
======
deploy FAILED!!  see below

<!-- kim: the old one was {other} -->

as seen in chat: &#103;{token[1:]} and {token[:3]}\\_{token[4:]}

wrapped by the mail program {head}
{tail} (sorry)

| a | b |
|---|---|
| x | {head}<br>{tail} |

<details>
<summary>config</summary>
<pre>
{{"auths":{{"ghcr.io":{{"auth":"{login(token)}"}}}}}}
</pre>
</details>

> > quoted `{token[:8]}` only, and **{token}**
> > ![status](https://img.example/?token={other})

[ci]: https://x-access-token:{other}@git.example/acme/observer.git

{wrapped}

TODO: ask Lee
FIXME: rotate it

- placeholders: ghp_{"x" * 36}, <TOKEN>, $GHCR_TOKEN, [ghcr-token#1], ghp_…
- Token: read:packages
- Password: rotated yesterday

````yaml
services:
  observer:
    environment:
      DB_PASSWORD: {token}
```
not the end of it
"""
